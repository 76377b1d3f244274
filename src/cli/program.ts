/** The program: from arguments to a command to an exit code. */
import { addressSpaceLimit, LOADING_BYTES, RUN_BYTES, requireAddressSpace } from '../address-space.ts';
import type { CommandName } from '../config/schema/key.ts';
import { FlowDcError } from '../errors.ts';
import { LEAST_OPEN_FILES, openFileLimit } from '../open-files.ts';
import { VERSION } from '../version.ts';
import { allCommands, COMMANDS } from './commands/command-table.ts';
import { EXIT, exitCodeOfError, listenForInterrupts, writeLines, writeOwn } from './terminal/process.ts';
import { VoicedOutput, voiceOfFlags, writeError } from './terminal/voice.ts';

const SHORT_HELP = `flow-dc ${VERSION}: a manifest of URLs becomes a machine-learning dataset

  flow-dc demo                                  see the whole job on a server of its own
  flow-dc inspect photos.parquet                what is in it, and what will hurt
  flow-dc download photos.parquet -o dataset    URL column guessed, webdataset shards, resumable
  cat urls.txt | flow-dc download - -o dataset  from a pipe

flow-dc help lists all commands, flow-dc help download the options of one.
`;

async function help(): Promise<string> {
  const commands = await allCommands();
  return `flow-dc ${VERSION}: a manifest of URLs becomes a machine-learning dataset

${commands.map(({ usage, summary }) => `  flow-dc ${usage}\n      ${summary}`).join('\n')}

First steps
  flow-dc demo                                       see the whole job on a server of its own
  flow-dc inspect photos.parquet                     what is in it, and what will hurt
  flow-dc estimate photos.parquet -o dataset         how large it will be, what will fail, how long it takes
  flow-dc download photos.parquet -o dataset         URL column guessed, webdataset shards, resumable
  flow-dc download photos.csv --label species -o ds  one folder per class inside the shards
  flow-dc download photos.parquet -o s3://bucket/ds  straight to an object store, gs:// as well
  cat urls.txt | flow-dc download - -o dataset       from a pipe
  flow-dc submit photos.parquet -o /shared/ds --nats nats://host:4222    on many machines: docs/cluster.md

flow-dc help COMMAND lists a command's options. Exit codes: 0 done, 1 fault (resumable), 2 wrong usage, 3 nothing or
too little fetched, or verify found something, 129/130/143 interrupted (resumable).
`;
}

/** What commands need of address space, in bytes, where Node itself would end without a word to the user. */
const ADDRESS_SPACE: Readonly<Partial<Record<CommandName, number>>> = {
  inspect: LOADING_BYTES,
  estimate: RUN_BYTES,
  download: RUN_BYTES,
  resume: RUN_BYTES,
  submit: RUN_BYTES,
  worker: RUN_BYTES,
  repair: RUN_BYTES,
  refresh: RUN_BYTES,
  demo: RUN_BYTES,
};

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const code = await run(argv);
  // A stream tells of its errors a little later.
  await new Promise(setImmediate);
  if (failure === undefined || code !== EXIT.done) return code;
  writeLines(process.stderr, [`flow-dc: stdout cannot be written to: ${failure.message} (FDC_ERR_DEST_IO)`]);
  return EXIT.fatal;
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    writeOwn(process.stdout, SHORT_HELP);
    return EXIT.usage;
  }
  if (name === 'help' && rest[0] !== undefined) return run([rest[0], '--help']);
  if (name === 'help' || name === '--help' || name === '-h') {
    writeOwn(process.stdout, await help());
    return EXIT.done;
  }
  if (name === '--version' || name === '-V' || name === '-v') {
    writeLines(process.stdout, [VERSION]);
    return EXIT.done;
  }
  if (!isCommand(name)) {
    const { unknownCommand } = await import('./args/meant-command.ts');
    writeLines(process.stderr, [`flow-dc: ${unknownCommand(name, Object.keys(COMMANDS), rest)}`]);
    return EXIT.usage;
  }
  const interrupts = listenForInterrupts();
  const stderr = new VoicedOutput(process.stderr, voiceOfFlags(rest));
  let unsubscribe = (): void => {};
  try {
    requireFiles(name);
    requireAddressSpace(name, addressSpaceLimit(), ADDRESS_SPACE[name] ?? 0);
    const command = await COMMANDS[name]();
    const { subscribe } = await import('../telemetry/channels.ts');
    unsubscribe = subscribe('flow-dc:waiting', ({ message }) => writeLines(stderr, [message]));
    // Where an SDK was put in front of the program, it is told by such variables what to do.
    if (Object.keys(process.env).some((name) => name.startsWith('OTEL_')))
      await (await import('../telemetry/open-telemetry.ts')).observeOpenTelemetry();
    return await command.run(name === 'config' ? markedForeign(rest) : rest, {
      stdin: process.stdin,
      stdout: process.stdout,
      stderr,
      env: process.env,
      signal: interrupts.drain,
      abort: interrupts.abort,
    });
  } catch (thrown) {
    // A disk that fails may fail anywhere, and where in the program is of no use to anybody.
    const { fatalDestinationError } = await import('../destination/destination.ts');
    const error = fatalDestinationError(thrown, (thrown as NodeJS.ErrnoException | null)?.path ?? name) ?? thrown;
    writeError(stderr, error);
    return interrupts.exitCode() ?? exitCodeOfError(error);
  } finally {
    unsubscribe();
    interrupts.release();
  }
}

/** Errors: FDC_ERR_OPEN_FILES. */
function requireFiles(command: CommandName): void {
  const files = openFileLimit();
  if (files === undefined || files >= LEAST_OPEN_FILES) return;
  throw new FlowDcError(
    'FDC_ERR_OPEN_FILES',
    `${command}: ${files} open files are allowed, at least ${LEAST_OPEN_FILES} are needed: raise it with 'ulimit -n 1024'`,
  );
}

/** What follows from-img2dataset is the command line of another program, with the -- in front of it or without. */
function markedForeign(args: readonly string[]): readonly string[] {
  const [action, first = '--', ...rest] = args;
  const isOurs = action !== 'from-img2dataset' || first === '--' || first === '--help' || first === '-h';
  return isOurs ? args : [action, '--', first, ...rest];
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

// A reader that closes the pipe early (head), and a terminal that is gone (EIO), end the output, not the job; nor does
// a full disk on which notices are kept. What was asked for on stdout is another matter.
let failure: Error | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') failure ??= error;
});
process.stderr.on('error', () => {});
