/**
 * A worker's part in a dataset that a program uploads: no folder in common with anybody. A shard is written to a
 * temporary folder of this machine and brought to the other side before its commit, under a name that no reader takes
 * for a shard; the roll-forward, by whoever meets the record, is to give it its final name there.
 *
 *   stage            TMP/.../staging/UNIT.TOKEN/000012.tar, .parquet, .stats.json
 *   sync             all of them are put to REMOTE/.UNIT.TOKEN.000012.tar.part and so on, looked at, and go from here
 *   roll forward     REMOTE/.UNIT.TOKEN.000012.tar.part becomes REMOTE/000012.tar, and so on
 */
import { dirname, join } from 'node:path';
import { FlowDcError } from '../../errors.ts';
import type { Artifact, UnitId, UnitRecord } from '../../record.ts';
import type { StagedFile, StagedFolder, Staging } from '../destination.ts';
import { stagingFolder } from '../folder-layout.ts';
import type { RemoteFolder } from './remote-folder.ts';
import type { RemoteTool } from './remote-tool.ts';
import { type Attempt, stagedName } from './staged-name.ts';
import { ToolDestination, type ToolDestinationOptions } from './tool-destination.ts';

export class WorkerUploads extends ToolDestination {
  override readonly name: string;

  /**
   * @param folder - of this process alone, one below what its machine's workers have in common
   * @param tool - one that can rename
   */
  constructor(folder: string, tool: RemoteTool, options: ToolDestinationOptions) {
    super(folder, tool, options);
    this.name = `${tool.root}, by way of ${folder}`;
  }

  /** Those of this machine see it. */
  override get poisonFolder(): string {
    return join(dirname(this.paths.output), 'poison');
  }

  override async stage(unit: UnitId, token: string): Promise<Staging> {
    // What is put before the commit is removed here before it, too.
    const local = await this.stageHere(unit, token);
    return new UploadedStaging(local, this.through(local, { unit, token }), {
      folder: stagingFolder(this.paths, unit, token),
      attempt: { unit, token },
      remote: this.remote,
    });
  }

  /** What does not get its name when the run winds down gets it from whoever meets the record. */
  override async rollForward(record: UnitRecord): Promise<void> {
    try {
      if (await this.settle(record)) return;
    } catch (error) {
      if (this.remote.isEnd(error)) return;
      throw error;
    }
    throw new FlowDcError(
      'FDC_ERR_DEST_IO',
      `${this.remote.tool.root}: the files of unit ${record.unit} were uploaded and are not there any more`,
    );
  }

  override async settle(record: UnitRecord): Promise<boolean> {
    const moves = record.artifacts.map((artifact) => this.remote.move(stagedName(record, artifact.name), artifact));
    return (await Promise.all(moves)).every((isThere) => isThere);
  }
}

interface UploadPlace {
  /** Where the attempt's files lie here. */
  readonly folder: string;
  readonly attempt: Attempt;
  readonly remote: RemoteFolder;
}

class UploadedStaging implements Staging {
  readonly #local: Staging;
  readonly #through: Staging;
  readonly #place: UploadPlace;
  readonly #artifacts: Artifact[] = [];
  #uploads: readonly Promise<void>[] = [];

  /** @param through - takes the files, and some of them to the other side at once */
  constructor(local: Staging, through: Staging, place: UploadPlace) {
    this.#local = local;
    this.#through = through;
    this.#place = place;
  }

  async createFile(name: string): Promise<StagedFile> {
    const file = await this.#through.createFile(name);
    return {
      write: (chunks) => file.write(chunks),
      close: async () => {
        const artifact = await file.close();
        this.#artifacts.push(artifact);
        return artifact;
      },
    };
  }

  createFolder(name: string): Promise<StagedFolder> {
    return this.#local.createFolder(name);
  }

  async sync(): Promise<void> {
    await this.#local.sync();
    this.#uploads = this.#artifacts.map((artifact) => this.#upload(artifact));
    await Promise.all(this.#uploads);
    await this.#local.discard();
  }

  /** What cannot be removed there now is removed by whoever ends the job. */
  async discard(): Promise<void> {
    await this.#through.discard();
    const uploads = this.#uploads;
    await Promise.allSettled(uploads);
    this.#uploads = [];
    if (uploads.length === 0) return;
    const { attempt, remote } = this.#place;
    await Promise.allSettled(this.#artifacts.map(({ name }) => remote.remove(stagedName(attempt, name))));
  }

  async #upload(artifact: Artifact): Promise<void> {
    const { folder, attempt, remote } = this.#place;
    const name = stagedName(attempt, artifact.name);
    if (await remote.knows({ ...artifact, name })) return;
    if (await remote.put(join(folder, artifact.name), { ...artifact, name })) return;
    throw new FlowDcError('FDC_ERR_DEST_IO', `${folder}: ${artifact.name} went away before it was uploaded`);
  }
}
