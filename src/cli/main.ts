#!/usr/bin/env node
import { nearest } from '../config/nearest.ts';
/** The program: arguments to command to exit code. */
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { configCommand } from './commands/config.ts';
import { demoCommand } from './commands/demo.ts';
import { downloadCommand, runDownload } from './commands/download.ts';
import { resumeCommand } from './commands/resume.ts';
import { runVerify, verifyCommand } from './commands/verify.ts';
import { EXIT, errorLines, exitCodeOfError } from './exit-codes.ts';
import { exitCodeOf, listenForInterrupts } from './interrupts.ts';

const COMMANDS: readonly Command[] = [
  downloadCommand,
  resumeCommand,
  verifyCommand,
  configCommand,
  demoCommand({ runDownload, runVerify }),
];

const HELP = `flow-dc ${VERSION}: a manifest of URLs becomes a machine-learning dataset

${COMMANDS.map(({ usage, summary }) => `  flow-dc ${usage}\n      ${summary}`).join('\n')}

First steps
  flow-dc demo                                       see the whole job on a server of its own
  flow-dc download photos.parquet -o dataset         URL column guessed, webdataset shards, resumable
  flow-dc download photos.csv --label species -o ds  one folder per class inside the shards
  cat urls.txt | flow-dc download - -o dataset       from a pipe

flow-dc COMMAND --help lists a command's options. Exit codes: 0 done, 1 fault (resumable), 2 wrong usage, 3 nothing or
too little stored, or verify found something, 130/143 interrupted (resumable).
`;

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.done;
  }
  const command = COMMANDS.find((c) => c.name === name);
  if (command === undefined) {
    const near = nearest(
      name,
      COMMANDS.map((c) => c.name),
    );
    process.stderr.write(`flow-dc: unknown command '${name}'${near === undefined ? '' : `; did you mean ${near}?`} (flow-dc --help)\n`);
    return EXIT.usage;
  }
  const interrupts = listenForInterrupts();
  try {
    return await command.run(rest, {
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      signal: interrupts.drain,
      abort: interrupts.abort,
    });
  } catch (error) {
    for (const line of errorLines(error)) process.stderr.write(`${line}\n`);
    const received = interrupts.received();
    return received === undefined ? exitCodeOfError(error) : exitCodeOf(received);
  } finally {
    interrupts.release();
  }
}

// A reader that closes the pipe early (head) ends the output, not the job.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2));
