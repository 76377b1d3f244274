/**
 * A small file on the other side that says which job works there, for jobs whose folders are elsewhere. Nobody can take
 * a name there before somebody else does, so it is looked at after it was put, and both of two that meet give way.
 */
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowDcError } from '../../errors.ts';
import type { JobMark } from '../destination.ts';
import type { RemoteFolder } from './remote-folder.ts';
import type { RemoteFile } from './remote-tool.ts';

const MARKER = /^\.([\w-]+)\.flow-dc-job$/;

/** Whether a file there is a job's marker. */
export function isMarker(name: string): boolean {
  return MARKER.test(name);
}

function markerOf(job: string): string {
  return `.${job}.flow-dc-job`;
}

export class JobMarker {
  readonly #remote: RemoteFolder;
  readonly #say: (line: string) => void;
  #mark: JobMark | undefined;

  /** @param say - told of a marker that was taken away, in one line */
  constructor(remote: RemoteFolder, say: (line: string) => void) {
    this.#remote = remote;
    this.#say = say;
  }

  /**
   * Put it there, and take away those of jobs that are gone. Where the tool cannot look nothing happens.
   * @param folder - existing, on this machine. @param replaces - whoever is there is not asked
   * Errors: FDC_ERR_DEST_FOREIGN for another job at work; those of the folder there.
   */
  async take(mark: JobMark, folder: string, replaces: boolean): Promise<void> {
    const { look, remove, root } = this.#remote.tool;
    if (look === undefined || remove === undefined) return;
    for (const name of othersIn(await this.#remote.open(), mark)) {
      const content = await this.#read(name);
      if (content === undefined) continue;
      const { who, isGone } = mark.judge(content);
      if (!isGone && !replaces) throw this.#foreign(name, who);
      await this.#remote.remove(name);
      this.#say(`${root}: ${who} ${isGone ? 'is gone' : 'is replaced'}; its marker ${name} is removed`);
    }
    await this.#put(mark, join(folder, markerOf(mark.id)));
    this.#mark = mark;
    try {
      await this.check(await this.#remote.lookAgain());
    } catch (error) {
      await this.leave(mark.id);
      throw error;
    }
  }

  /** @param files - what is there. Errors: FDC_ERR_DEST_FOREIGN for a job that came since. */
  async check(files: ReadonlyMap<string, RemoteFile> | undefined): Promise<void> {
    const mark = this.#mark;
    for (const name of mark === undefined ? [] : othersIn(files, mark)) {
      const content = await this.#read(name);
      if (content !== undefined) throw this.#foreign(name, (mark as JobMark).judge(content).who);
    }
  }

  async leave(job: string): Promise<void> {
    this.#mark = undefined;
    const name = markerOf(job);
    const files = await this.#remote.names();
    if (files.includes(name)) await this.#remote.remove(name);
  }

  async #put({ content }: JobMark, path: string): Promise<void> {
    await writeFile(path, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const name = path.slice(path.lastIndexOf('/') + 1);
    try {
      await this.#remote.put(path, { name, bytes: Buffer.byteLength(content), sha256 });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** @returns undefined when it has gone meanwhile */
  async #read(name: string): Promise<string | undefined> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of this.#remote.read(name)) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    } catch (error) {
      if ((await this.#remote.lookAgain())?.has(name) === true) throw error;
      return undefined;
    }
  }

  #foreign(name: string, who: string): FlowDcError {
    const { root } = this.#remote.tool;
    const advice = `; wait for it, choose another cloud_destination, or, if it is over, remove ${name} there`;
    return new FlowDcError('FDC_ERR_DEST_FOREIGN', `${root}: another job works there, ${who}`, { advice });
  }
}

function othersIn(files: ReadonlyMap<string, RemoteFile> | undefined, { id }: JobMark): string[] {
  return [...(files?.keys() ?? [])].filter((name) => isMarker(name) && name !== markerOf(id)).sort();
}
