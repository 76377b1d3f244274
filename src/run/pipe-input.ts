/** A manifest that comes through a pipe, once: kept while it is read, compared with what was kept before. */
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, constants, copyFile, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { PartitionSettings } from '../config/types.ts';
import { digestFile } from '../destination/hashed-file.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReadOptions } from '../stages/manifest/manifest-options.ts';
import type { ManifestReader } from '../stages/manifest/manifest-reader.ts';
import { readManifest, readManifestInfo } from '../stages/manifest/read-manifest.ts';
import { allChunks, headOfStdin } from '../stages/manifest/stdin-head.ts';
import type { PartitionByHostOptions } from '../stages/partition/partition-by-host.ts';
import { beginningOf, type InputMemory } from './input-memory.ts';
import { InputWarnings } from './input-warnings.ts';
import { cuttingOf, type JobInput } from './job-input.ts';
import { KeptBytes } from './kept-input.ts';

/** A kept pipe is still the pipe: it has no name, and it is cut where it was cut while it came. */
export function keptPipe(input: JobInput, partition: PartitionSettings): JobInput {
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

export async function headOf(
  stdin: Readable,
  place: string | undefined,
  options: ManifestReadOptions,
  signal: AbortSignal | undefined,
): Promise<PipeHead> {
  const spool = place && `${place}${randomBytes(4).toString('hex')}`;
  const info = await readManifestInfo('-', { ...options, stdin, spoolPath: spool, signal });
  return { stdin, info, spool };
}

export class PipeInput implements JobInput {
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
