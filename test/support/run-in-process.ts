/** Runs a command as the program does, in this process: where hundreds of commands are run, processes take most of the time. */
import { PassThrough, Readable } from 'node:stream';
import type { CommandName } from '../../src/config/schema/key.ts';
import type { CliResult } from './run-cli.ts';

/** The built one: its threads start at once, where each thread of the sources first compiles them. */
const BUILT = new URL('../../dist/cli/', import.meta.url).href;
const table: Promise<typeof import('../../src/cli/commands/command-table.ts')> = import(
  `${BUILT}commands/command-table.js`
);
const terminal: Promise<typeof import('../../src/cli/terminal/process.ts')> = import(`${BUILT}terminal/process.js`);

/** @param stdin - empty unless given */
export async function runInProcess(args: readonly string[], stdin?: Buffer): Promise<CliResult> {
  const { COMMANDS } = await table;
  const { errorLines, exitCodeOfError, writeLines } = await terminal;
  const [name, ...rest] = args;
  const outputs = [new PassThrough(), new PassThrough()] as const;
  const texts = outputs.map((output) => {
    const parts: Buffer[] = [];
    output.on('data', (part: Buffer) => parts.push(part));
    return () => Buffer.concat(parts).toString();
  });
  const [stdout, stderr] = outputs;
  let code: number;
  try {
    const command = await COMMANDS[name as CommandName]();
    const signal = new AbortController().signal;
    const given = Readable.from(stdin === undefined ? [] : [stdin]);
    code = await command.run(rest, { stdin: given, stdout, stderr, env: {}, signal });
  } catch (error) {
    writeLines(stderr, errorLines(error));
    code = exitCodeOfError(error);
  }
  stdout.end();
  stderr.end();
  await Promise.all(outputs.map((output) => output.readableEnded || new Promise((end) => output.once('end', end))));
  return { code, stdout: (texts[0] as () => string)(), stderr: (texts[1] as () => string)() };
}
