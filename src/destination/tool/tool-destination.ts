/**
 * A dataset that a program uploads while it is made. What its job keeps is in a local folder, and so are the small
 * files of every shard, the outcome table and the stats; the shards themselves lie there from the first byte to the end
 * of their upload, and then on the other side only.
 *
 *   stage, commit   OUT/.flow-dc/staging/UNIT.TOKEN/000012.tar, .parquet, .stats.json     as in a local folder
 *   roll forward    1. all of them are put to REMOTE/, and looked at there
 *                   2. the shard goes, the others get their places in OUT
 *
 * When shards are streamed they never lie here (poured-staging.ts): they are there under another name before the commit.
 * What a worker without this folder put there under another name (worker-uploads.ts) is given its final one, and its
 * small files are brought here.
 *
 * Of loose files (the `files` layout) a unit's are put there together, below their own paths, and go from here; the list of
 * them gets its place here last. Nothing but metadata.parquet is beside them there.
 *
 * A run that is killed in between finds what is staged and goes on; what is there by then is not put again.
 */
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import type { Artifact, UnitId, UnitRecord } from '../../record.ts';
import { destinationError, type JobThere, type Staging } from '../destination.ts';
import { syncFolder, writeAtomically } from '../disk.ts';
import { FolderDestination, type FolderDestinationOptions } from '../folder-destination.ts';
import { artifactName, finalPath, METADATA_FILE, stagingFolder } from '../folder-layout.ts';
import { digestFile, FILE_LIST_SUFFIX, readFileList } from '../hashed-file.ts';
import { JobMarker } from './job-marker.ts';
import { LoosePaths } from './loose-paths.ts';
import { PouredStaging } from './poured-staging.ts';
import { RemoteFolder } from './remote-folder.ts';
import type { RemoteFile, RemoteTool } from './remote-tool.ts';
import { type Attempt, attemptOf, SHARD, stagedName } from './staged-name.ts';

export interface ToolDestinationOptions extends FolderDestinationOptions {
  /** How long a call may take; an upload gets a second more per 128 KiB. */
  readonly timeoutMs: number;
  /** Of the programs; default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Shards are brought there while they are written, as far as programs are free for it. */
  readonly streams?: boolean | undefined;
  readonly random?: (() => number) | undefined;
  /** Told of a call that failed and is made again, in one line. */
  readonly onSetback?: ((line: string) => void) | undefined;
}

/** Names that a dataset has: nobody else's files are to be replaced. */
const OURS = new RegExp(
  [
    String.raw`^(\d{5,9}(\.(tar|tar\.gz|parquet|stats\.json)|_stats\.json)|(data-\d{6,9}|metadata)\.parquet`,
    String.raw`_SUCCESS|(index|sizes|classes|overview)\.json|classes\.csv|SHA256SUMS)$`,
  ].join('|'),
);

/** Errors of every method: those of FolderDestination and of RemoteFolder. */
export class ToolDestination extends FolderDestination {
  override readonly commitsAtOnce = 4;
  readonly remote: RemoteFolder;
  readonly #streams: boolean;
  readonly #say: (line: string) => void;
  #marker: JobMarker | undefined;

  /** @param folder - local, for what the job keeps */
  constructor(folder: string, tool: RemoteTool, options: ToolDestinationOptions) {
    const { timeoutMs, streams = false, random, onSetback, env, ...local } = options;
    super(folder, local);
    this.#streams = streams;
    this.#say = onSetback ?? (() => {});
    const clock = local.clock ?? systemClock;
    this.remote = new RemoteFolder(tool, { clock, timeoutMs, env, random: random ?? Math.random, onSetback });
  }

  override async reach({ isNew, replaces, mark }: JobThere): Promise<void> {
    const files = await this.remote.open();
    if (isNew && files !== undefined) await this.#clear(files, replaces);
    if (mark === undefined) return;
    await this.prepare();
    this.#marker = new JobMarker(this.remote, this.#say);
    await this.#marker.take(mark, this.paths.spill, replaces);
  }

  override async assertOwn(records: AsyncIterable<UnitRecord>): Promise<void> {
    const files = await this.remote.lookAgain();
    await this.#marker?.check(files);
    if (files === undefined) return;
    const loose = new LoosePaths(this.remote);
    for await (const { artifacts } of records)
      for (const artifact of artifacts) {
        if (!this.#isLoose && !(await this.remote.has(artifact))) throw this.#gone(artifact);
        if (artifact.name.endsWith(FILE_LIST_SUFFIX)) await this.#expectFiles(artifact.name, loose);
      }
  }

  async #expectFiles(list: string, loose: LoosePaths): Promise<void> {
    for await (const file of readFileList(finalPath(this.paths, list)))
      if (!(await loose.has(file))) throw this.#gone({ name: file.path });
  }

  override async leave(job: string): Promise<void> {
    const marker = this.#marker ?? new JobMarker(this.remote, this.#say);
    // Whoever comes next tells by itself that this job is gone.
    await marker.leave(job).catch(() => {});
  }

  /** Nothing of another dataset is there any more, or was. */
  async #clear(files: ReadonlyMap<string, RemoteFile>, replaces: boolean): Promise<void> {
    const ours = [...files.keys()].filter((name) => OURS.test(name)).sort();
    if (ours.length === 0) return;
    const { root } = this.remote.tool;
    if (!replaces) {
      throw new FlowDcError(
        'FDC_ERR_DEST_FOREIGN',
        `${root} holds a dataset, e.g. ${ours[0]}, and ${this.name} is not the folder of its job`,
        { advice: '; name that folder with -o, choose another cloud_destination, or replace it with --overwrite' },
      );
    }
    await Promise.all(ours.map((name) => this.remote.remove(name)));
  }

  override async stage(unit: UnitId, token: string): Promise<Staging> {
    return this.through(await this.stageHere(unit, token), { unit, token });
  }

  /** On the disk alone. */
  protected stageHere(unit: UnitId, token: string): Promise<Staging> {
    return super.stage(unit, token);
  }

  /** What an attempt is staged by, with `local` for what is staged on the disk. */
  protected through(local: Staging, attempt: Attempt): Staging {
    return this.#streams ? new PouredStaging(local, attempt, this.remote) : local;
  }

  /** What is not uploaded when the run winds down stays staged, for the next run. */
  override async rollForward(record: UnitRecord): Promise<void> {
    try {
      await this.#rollForward(record);
    } catch (error) {
      if (!this.remote.isEnd(error)) throw error;
    }
  }

  async #rollForward(record: UnitRecord): Promise<void> {
    await this.prepare();
    // The list here says that its files are there; the small files are nobody's but the job's.
    if (this.#isLoose) return super.rollForward(record);
    const staged = stagingFolder(this.paths, record.unit, record.token);
    if (await isThere(staged)) {
      await Promise.all(record.artifacts.map((artifact) => this.#bring(staged, record, artifact)));
      await super.rollForward({ ...record, artifacts: record.artifacts.filter(({ name }) => !SHARD.test(name)) });
      return;
    }
    if (this.remote.tool.move !== undefined && (await this.#bringHome(record))) return;
    for (const artifact of record.artifacts)
      if (!(await this.remote.has(artifact))) await this.#bring(this.paths.output, record, artifact);
  }

  protected override async showFiles(staged: string, list: string): Promise<void> {
    const folder = join(staged, 'files');
    let bytes = 0;
    for await (const file of readFileList(join(staged, list))) bytes += file.bytes;
    if (!(await isThere(folder))) return;
    await this.remote.putTree(folder, basename(staged), bytes);
    await rm(folder, { recursive: true, force: true });
  }

  get #isLoose(): boolean {
    return this.paths.layout === 'files';
  }

  override async isFinal({ artifacts }: Pick<UnitRecord, 'artifacts'>): Promise<boolean> {
    if (this.#isLoose) return super.isFinal({ artifacts });
    const small = artifacts.filter(({ name }) => !SHARD.test(name));
    if (!(await super.isFinal({ artifacts: small }))) return false;
    const there = await Promise.all(artifacts.map((artifact) => this.remote.has(artifact)));
    return there.every((isIt) => isIt);
  }

  override async settle(record: UnitRecord): Promise<boolean> {
    if (await super.settle(record)) return true;
    return !this.#isLoose && this.remote.tool.move !== undefined && (await this.#bringHome(record));
  }

  override async lookAgain(): Promise<void> {
    await this.remote.lookAgain();
  }

  /** Of what is on the other side, that which was there at the last look. */
  override async sweep(isDecided: (unit: UnitId, token: string) => Promise<boolean>): Promise<void> {
    await super.sweep(isDecided);
    await this.sweepAttempts(isDecided);
  }

  override async sweepAttempts(isDecided: (unit: UnitId, token: string) => Promise<boolean>): Promise<void> {
    for (const name of await this.#staged()) {
      const { unit, token } = attemptOf(name) as Attempt;
      if (!(await isDecided(unit, token))) await this.remote.remove(name);
    }
  }

  override async putFile(name: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    // As in a folder here: beside loose files there is what loaders look for, and nothing else.
    if (this.#isLoose && name !== METADATA_FILE) return super.putFile(name, content);
    await this.prepare();
    const final = finalPath(this.paths, name);
    // A mark that is here says that it is there.
    const early = join(this.paths.spill, artifactName(name));
    try {
      await writeAtomically(early, content);
      await this.remote.put(early, { name, ...(await digestFile(early)) });
      await rename(early, final);
      await syncFolder(this.paths.output);
    } catch (error) {
      throw destinationError(error, this.name);
    }
  }

  override halt(reason: Error): void {
    this.remote.halt(reason);
  }

  override windDown(reason: Error, leftMs: number): void {
    this.remote.windDown(reason, leftMs);
  }

  async #staged(): Promise<string[]> {
    return (await this.remote.names()).filter((name) => attemptOf(name) !== undefined).sort();
  }

  /** @returns false when some of it is nowhere */
  async #bringHome(record: UnitRecord): Promise<boolean> {
    const bring = async (artifact: Artifact): Promise<boolean> => {
      const final = finalPath(this.paths, artifact.name);
      if (!(await this.remote.move(stagedName(record, artifact.name), artifact))) return false;
      if (SHARD.test(artifact.name) || (await bytesOf(final)) === artifact.bytes) return true;
      await writeAtomically(final, await this.remote.fetch(artifact));
      return true;
    };
    await this.prepare();
    try {
      return (await Promise.all(record.artifacts.map(bring))).every((isHome) => isHome);
    } catch (error) {
      throw destinationError(error, this.name);
    }
  }

  /** @param folder - where the file is, if it is still here */
  async #bring(folder: string, record: UnitRecord, artifact: Artifact): Promise<void> {
    const local = join(folder, artifactName(artifact.name));
    if ((await isThere(local)) && (await this.remote.put(local, artifact))) {
      if (SHARD.test(artifact.name)) await rm(local, { force: true });
    } else if (this.remote.tool.move !== undefined) {
      if (!(await this.remote.move(stagedName(record, artifact.name), artifact))) throw this.#gone(artifact);
    } else if (!(await this.remote.has(artifact))) {
      throw this.#gone(artifact);
    }
  }

  #gone({ name }: Pick<Artifact, 'name'>): FlowDcError {
    const problem = `${this.remote.tool.root}: ${name} was uploaded and is not there any more, or not whole`;
    return new FlowDcError('FDC_ERR_DEST_IO', problem, { advice: `; flow-dc repair takes its unit again` });
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await bytesOf(path)) !== undefined;
}

async function bytesOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
