/**
 * The manifest of a job, opened. Files can be read again for a resume; a pipe cannot, so its bytes are kept beside the
 * job's records while they are read.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, constants, copyFile, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { PartitionSettings, ResolvedConfig } from '../config/types.ts';
import type { ClassRule } from '../dataset/class-numbers.ts';
import { publisher } from '../dataset/published.ts';
import { digestFile } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import { schemeOf } from '../host/remote-url.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReadOptions } from '../stages/manifest/manifest-options.ts';
import { type ManifestReader, needsLabels } from '../stages/manifest/manifest-reader.ts';
import { contentOf } from '../stages/manifest/open-files.ts';
import { readManifest, readManifestInfo } from '../stages/manifest/read-manifest.ts';
import { allChunks, headOfStdin } from '../stages/manifest/stdin-head.ts';
import type { PartitionByHostOptions } from '../stages/partition/partition-by-host.ts';
import { readClassList } from './class-list.ts';
import { beginningOf, folderPipe, type InputMemory, type PipePlace } from './input-memory.ts';
import { InputWarnings } from './input-warnings.ts';
import { KeptBytes } from './kept-input.ts';

export interface JobInput {
  readonly info: ManifestInfo;
  readonly warnings: InputWarnings;
  /** How its rows are cut into units: as the settings say, and where earlier runs cut them. Known once adopted. */
  cutting(): PartitionByHostOptions;
  /** Units were decided in earlier runs: a cut by time now could contradict them. */
  stopLingering(): void;
  /** The job is ours now: from here on, what a resume will need is kept. */
  adopt(memory: InputMemory): Promise<void>;
  /**
   * The rows, after `adopt` if there is a job. Once, and again where the input is no pipe or was kept whole.
   * @param columns - read only these and the URLs where that is faster
   */
  readonly read: (columns?: readonly string[]) => ManifestReader;
  /** sha256 of all of an input, lower-case hex. Errors: those of readManifest. */
  contentOf(name: string): Promise<string>;
  /** Every row was read. */
  finish(): Promise<void>;
  /** Remove what was not adopted. Idempotent. */
  close(): Promise<void>;
}

/**
 * Look at the head of what `config` names.
 * @param stdin - the stream behind `-`; without it, the kept bytes of an earlier run are read
 * @param signal - aborts looking, not reading
 * @param given - where a pipe's bytes go, for an output that is no folder
 * @param numbered - classes that have numbers in the dataset already, in their order
 * Errors: those of readManifestInfo; FDC_ERR_MANIFEST_NOT_FOUND when a pipe was not kept to its end;
 * FDC_ERR_CONFIG_INVALID for a pipe that would have to be read twice.
 */
export async function openJobInput(
  config: ResolvedConfig,
  stdin: Readable | undefined,
  signal?: AbortSignal,
  given?: PipePlace,
  numbered?: readonly string[],
): Promise<JobInput> {
  const { manifest, partition, fetch, sink, store, run } = config;
  const { inputs, ...slice } = manifest;
  const isKeptPipe = inputs.includes('-');
  const options = { ...slice, remote: { network: fetch, store }, classes: await classRule(config), isKeptPipe };
  if (!isKeptPipe) return needingLabels(await fileInput(inputs, options, partition, signal, numbered), config);
  const pipe = given ?? folderPipe(sink.output as string, sink.createTar);
  if (stdin !== undefined && run.dedupe !== 'none') throw readTwice(run.dedupe);
  const input =
    stdin === undefined
      ? keptPipe(await fileInput([await pipe.kept()], options, partition), partition)
      : new PipeInput(await headOf(stdin, pipe.spool, options, signal), options, partition);
  return needingLabels(input, config);
}

/** How classes are numbered, where their numbers are written. Errors: those of readClassList. */
async function classRule({ manifest, sink }: ResolvedConfig): Promise<ClassRule | undefined> {
  const { classesFile } = manifest;
  const known = classesFile === undefined ? [] : await readClassList(classesFile);
  const areWritten = sink.cls && sink.createTar && sink.outputFormat === 'webdataset';
  return areWritten || known.length > 0 ? { known, publish: publisher(sink) } : undefined;
}

/** Errors: FDC_ERR_MANIFEST_COLUMN where something is asked of labels, and there is no column of them. */
async function needingLabels(input: JobInput, { manifest, fetch }: ResolvedConfig): Promise<JobInput> {
  const asked = { require_label: fetch.requireLabel, classes: manifest.classesFile, per_class: manifest.perClass };
  const key = Object.entries(asked).find(([, value]) => value !== undefined && value !== false)?.[0];
  if (key === undefined || input.info.roles.label !== undefined) return input;
  await input.close();
  throw needsLabels(key);
}

function readTwice(dedupe: string): FlowDcError {
  const message = `dedupe: ${dedupe} reads the manifest twice, and a pipe comes once: write it to a file and name that`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

async function fileInput(
  inputs: readonly string[],
  options: ManifestReadOptions,
  partition: PartitionSettings,
  signal?: AbortSignal,
  numbered?: readonly string[],
): Promise<JobInput> {
  const classes = options.classes && { ...options.classes, known: numbered ?? options.classes.known };
  const info = await readManifestInfo(inputs, { ...options, signal });
  const warnings = new InputWarnings(info.warnings);
  let memory: InputMemory | undefined;
  let reader: ManifestReader | undefined;
  return {
    info,
    warnings,
    cutting: () => cuttingOf(partition),
    stopLingering: () => {},
    adopt: async (given) => {
      memory = given;
    },
    read: (columns) => {
      const read = warnings.of(readManifest(inputs, { ...options, classes, info, columns }));
      reader ??= read;
      return read;
    },
    contentOf: (name) => contentOfInput(info, name),
    finish: async () => {
      if (memory !== undefined && reader !== undefined) await memory.noteContents(await contentsOf(info, reader));
    },
    close: async () => {},
  };
}

/**
 * Of every file of text. Where `limit` ended the reading, the rest is read now: it may change as well; not of what is
 * far away, where that may take longer than the job.
 */
async function contentsOf({ files }: ManifestInfo, { contents }: ManifestReader): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const file of files) {
    const { name, format } = file;
    if (format === 'parquet') continue;
    const sha256 = contents.get(name) ?? (schemeOf(name) === undefined ? await contentOf(file) : undefined);
    if (sha256 !== undefined) all.set(name, sha256);
  }
  return all;
}

async function contentOfInput({ files }: ManifestInfo, name: string): Promise<string> {
  const file = files.find((candidate) => candidate.name === name);
  return file === undefined ? (await digestFile(name)).sha256 : contentOf(file);
}

/** How rows are cut, without where and when. */
export function cuttingOf({
  shardSize,
  groupBy,
  mix,
  mixSeed,
}: Pick<PartitionByHostOptions, 'shardSize' | 'groupBy' | 'mix' | 'mixSeed'>): PartitionByHostOptions {
  return { shardSize, groupBy, mix, mixSeed };
}

/** A kept pipe is still the pipe: it has no name, and it is cut where it was cut while it came. */
function keptPipe(input: JobInput, partition: PartitionSettings): JobInput {
  let lingeredAt: readonly number[] = [];
  const info = { ...input.info, files: input.info.files.map((file) => ({ ...file, name: '-', bytes: 0, hash: '' })) };
  const adopt = async ({ lingers }: InputMemory): Promise<void> => {
    lingeredAt = await readLingers(lingers);
  };
  return { ...input, info, adopt, cutting: () => ({ ...cuttingOf(partition), lingeredAt }) };
}

interface PipeHead {
  readonly stdin: Readable;
  readonly info: ManifestInfo;
  /** Where parquet, whose footer is at its end, was written to before anything else. */
  readonly spool: string | undefined;
}

async function headOf(
  stdin: Readable,
  place: string | undefined,
  options: ManifestReadOptions,
  signal: AbortSignal | undefined,
): Promise<PipeHead> {
  const spool = place && `${place}${randomBytes(4).toString('hex')}`;
  const info = await readManifestInfo('-', { ...options, stdin, spoolPath: spool, signal });
  return { stdin, info, spool };
}

class PipeInput implements JobInput {
  readonly info: ManifestInfo;
  readonly warnings: InputWarnings;
  readonly #head: PipeHead;
  readonly #options: ManifestReadOptions;
  readonly #partition: PartitionSettings;
  #memory: InputMemory | undefined;
  #lingeredAt: readonly number[] = [];
  #mayLinger = true;
  /** What an earlier run has kept of the pipe, all of it or its beginning. */
  #before: KeptBytes | undefined;
  #isKept = false;

  constructor(head: PipeHead, options: ManifestReadOptions, partition: PartitionSettings) {
    this.info = head.info;
    this.warnings = new InputWarnings(head.info.warnings);
    this.#head = head;
    this.#options = options;
    this.#partition = partition;
  }

  /** Rows come when they come, so windows may be cut by time; what was cut so is written down before it is used. */
  cutting(): PartitionByHostOptions {
    const live = { lingerMs: this.#options.lingerMs, onLinger: (rows: number) => this.#noteLinger(rows) };
    return { ...cuttingOf(this.#partition), lingeredAt: this.#lingeredAt, ...(this.#mayLinger ? live : {}) };
  }

  stopLingering(): void {
    this.#mayLinger = false;
  }

  async adopt(memory: InputMemory): Promise<void> {
    this.#memory = memory;
    this.#lingeredAt = await readLingers(memory.lingers);
    if (existsSync(memory.keptInput)) return this.#mustBeKept(memory.keptInput);
    await this.#compareWith(memory);
    if (this.#isSpooled) await copyFile(this.#head.spool as string, memory.partialInput, constants.COPYFILE_FICLONE);
  }

  readonly read = (): ManifestReader => {
    const spoolPath = this.#isSpooled ? this.#head.spool : this.#memory?.partialInput;
    const { stdin, info } = this.#head;
    const onBytes = (bytes: Buffer): Promise<void> => this.#check(bytes);
    return this.warnings.of(
      this.#isKept
        ? readManifest(this.#memory?.keptInput as string, this.#options)
        : readManifest('-', { ...this.#options, info, stdin, spoolPath, onBytes }),
    );
  };

  async contentOf(name: string): Promise<string> {
    return (await digestFile(name)).sha256;
  }

  async finish(): Promise<void> {
    if (this.#memory === undefined || this.#isKept) return;
    const { partialInput, keptInput } = this.#memory;
    await rename(partialInput, keptInput);
    await rm(beginningOf(partialInput), { force: true });
    await this.#memory.keep('keptInput');
  }

  async close(): Promise<void> {
    await this.#before?.close();
    this.#before = undefined;
    if (this.#head.spool !== undefined) await rm(this.#head.spool, { force: true });
  }

  /** An earlier run has read the pipe to its end: what comes now is the same, and is read from where it was kept. */
  async #mustBeKept(path: string): Promise<void> {
    this.#before = await KeptBytes.open(path);
    await this.#before.checkAll(this.#isSpooled ? createReadStream(this.#head.spool as string) : this.#bytes());
    this.#isKept = true;
    this.#mayLinger = false;
  }

  async *#bytes(): AsyncGenerator<Buffer, void> {
    yield* allChunks(await headOfStdin(this.#head.stdin, this.#options.format ?? 'auto'));
  }

  /** What an earlier run kept of the pipe before it was stopped is compared as the same comes again. */
  async #compareWith({ partialInput }: InputMemory): Promise<void> {
    const beginning = beginningOf(partialInput);
    if ((await sizeOf(partialInput)) > (await sizeOf(beginning))) await rename(partialInput, beginning);
    await rm(partialInput, { force: true });
    if (existsSync(beginning)) this.#before = await KeptBytes.open(beginning);
    if (!this.#isSpooled) return;
    for await (const chunk of createReadStream(this.#head.spool as string)) await this.#check(chunk as Buffer);
  }

  async #check(bytes: Buffer): Promise<void> {
    await this.#before?.check(bytes);
  }

  async #noteLinger(rows: number): Promise<void> {
    if (this.#memory === undefined) return;
    await appendFile(this.#memory.lingers, `${rows}\n`, { flush: true });
    await this.#memory.keep('lingers');
  }

  get #isSpooled(): boolean {
    const [file] = this.info.files;
    return (file?.format === 'parquet' || file?.within !== undefined) && this.#head.spool !== undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? -1;
}

/** A line that a crash has cut short is not a number of rows that anything was decided by. */
async function readLingers(path: string): Promise<number[]> {
  if (!existsSync(path)) return [];
  return (await readFile(path, 'utf8')).split('\n').slice(0, -1).map(Number);
}
