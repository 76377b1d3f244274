/**
 * Where bodies go that are too large for memory: files that live until the sink is done with them, in a folder that
 * lives as long.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SpillFolder {
  readonly #given: string | undefined;
  readonly #files = new Set<string>();
  #folder: string | undefined;
  #isClosed = false;

  /**
   * @param given - a folder of the caller's; without one, a fresh one in the system's temporary folder, removed at the
   * end
   */
  constructor(given: string | undefined) {
    this.#given = given;
  }

  /** A path nobody else uses. Makes the folder on first use; throws when it cannot. */
  newPath(): string {
    if (this.#folder === undefined) {
      if (this.#given !== undefined) mkdirSync(this.#given, { recursive: true });
      this.#folder = this.#given ?? mkdtempSync(join(tmpdir(), 'flow-dc-'));
    }
    const path = join(this.#folder, `${randomBytes(8).toString('hex')}.body`);
    this.#files.add(path);
    return path;
  }

  /** Remove one file. It need not be there any more: a sink may have moved it into place. */
  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
    this.#files.delete(path);
    await this.#removeIfDone();
  }

  /** No more files will come. The folder goes with the last one. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#removeIfDone();
  }

  async #removeIfDone(): Promise<void> {
    if (!this.#isClosed || this.#files.size > 0 || this.#given !== undefined || this.#folder === undefined) return;
    const folder = this.#folder;
    this.#folder = undefined;
    await rm(folder, { recursive: true, force: true });
  }
}
