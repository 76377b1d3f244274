#!/usr/bin/env node
/** The program: arguments to command to exit code. */
import { nearest } from '../config/nearest.ts';
import { VERSION } from '../version.ts';
import type { Command } from './args/command.ts';
import { EXIT, errorLines, exitCodeOfError } from './terminal/exit-codes.ts';
import { exitCodeOf, listenForInterrupts } from './terminal/interrupts.ts';

/** Loaded when asked for: `--version` and a wrong name need none of them. In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  inspect: async () => (await import('./commands/inspect.ts')).inspectCommand,
  estimate: async () => (await import('./commands/estimate.ts')).estimateCommand,
  download: async () => (await import('./commands/download.ts')).downloadCommand,
  resume: async () => (await import('./commands/resume.ts')).resumeCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  report: async () => (await import('./commands/report.ts')).reportCommand,
  partition: async () => (await import('./commands/partition.ts')).partitionCommand,
  submit: async () => (await import('./commands/submit.ts')).submitCommand,
  worker: async () => (await import('./commands/worker.ts')).workerCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  jobs: async () => (await import('./commands/jobs.ts')).jobsCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  repair: async () => (await import('./commands/repair.ts')).repairCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  demo: async () => {
    const [{ demoCommand }, { runDownload }, { runVerify }] = await Promise.all([
      import('./commands/demo.ts'),
      import('./commands/download.ts'),
      import('./commands/verify.ts'),
    ]);
    return demoCommand({ runDownload, runVerify });
  },
};

async function help(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return `flow-dc ${VERSION}: a manifest of URLs becomes a machine-learning dataset

${commands.map(({ usage, summary }) => `  flow-dc ${usage}\n      ${summary}`).join('\n')}

First steps
  flow-dc demo                                       see the whole job on a server of its own
  flow-dc inspect photos.parquet                     what is in it, and what will hurt
  flow-dc estimate photos.parquet -o dataset         how large it will be, what will fail, how long it takes
  flow-dc download photos.parquet -o dataset         URL column guessed, webdataset shards, resumable
  flow-dc download photos.csv --label species -o ds  one folder per class inside the shards
  cat urls.txt | flow-dc download - -o dataset       from a pipe
  flow-dc submit photos.parquet -o /shared/ds --nats nats://host:4222    on many machines: docs/cluster.md

flow-dc COMMAND --help lists a command's options. Exit codes: 0 done, 1 fault (resumable), 2 wrong usage, 3 nothing or
too little stored, or verify found something, 130/143 interrupted (resumable).
`;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(await help());
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${VERSION}\n`);
    return EXIT.done;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    const near = nearest(name, Object.keys(COMMANDS));
    process.stderr.write(
      `flow-dc: unknown command '${name}'${near === undefined ? '' : `; did you mean ${near}?`} (flow-dc --help)\n`,
    );
    return EXIT.usage;
  }
  const interrupts = listenForInterrupts();
  try {
    const command = await load();
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
