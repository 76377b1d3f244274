/** Runs a command as the program does, in this process: where hundreds of commands are run, processes take most of the time. */
import { PassThrough, Readable } from 'node:stream';
import { COMMANDS } from '../../src/cli/commands/command-table.ts';
import { errorLines, exitCodeOfError, writeLines } from '../../src/cli/terminal/process.ts';
import type { CommandName } from '../../src/config/schema/key.ts';
import type { CliResult } from './run-cli.ts';

/** @param stdin - empty unless given */
export async function runInProcess(args: readonly string[], stdin?: Buffer): Promise<CliResult> {
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
