/** What a worker has on its own machine while a program brings its shards to the other side. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { errnoOf } from '../destination/destination.ts';
import { workerUploadsOf } from '../destination/tool/folder-of.ts';
import type { WorkerUploads } from '../destination/tool/worker-uploads.ts';
import { RunFolder } from '../run/run-folder.ts';
import type { Settle, WorkSite } from './job-site.ts';

export class UploadSite implements WorkSite {
  readonly destination: WorkerUploads;
  readonly #folder: RunFolder;

  /** Errors: FDC_ERR_DEST_UNWRITABLE, FDC_ERR_DEST_FULL for the temporary folder. */
  static async open(config: ResolvedConfig, job: string, clock: Clock): Promise<UploadSite> {
    const folder = new RunFolder(`uploads of ${job}`);
    await folder.make();
    return new UploadSite(config, folder, clock);
  }

  private constructor(config: ResolvedConfig, folder: RunFolder, clock: Clock) {
    this.#folder = folder;
    this.destination = workerUploadsOf(config, folder.run, { clock });
  }

  /** Nothing that another machine staged is late to be seen on the other side. */
  readonly settle: Settle = (record) => this.destination.settle(record);

  async close(isOver = false): Promise<void> {
    const { root } = this.#folder;
    const isOurs = (name: string): boolean => !name.startsWith('run-') || isOfTheDead(name);
    for (const name of isOver ? (await readdir(root).catch(() => [])).filter(isOurs) : [])
      await rm(join(root, name), { recursive: true, force: true });
    await this.#folder.remove(false, false);
  }
}

/** `run-PID-...` of a process that is not there any more. */
function isOfTheDead(name: string): boolean {
  try {
    process.kill(Number(name.split('-')[1]), 0);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ESRCH';
  }
}
