/** Thousands of small files of one unit: written one by one, listed, made durable together. */
import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, writevSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import { isShortage, patiently } from '../open-files.ts';
import type { Artifact } from '../record.ts';
import type { StagedFile, StagedFolder } from './destination.ts';
import { syncPath } from './disk.ts';
import { listedPath } from './folder-layout.ts';
import { formatListedFile, HashedFile, unwritten } from './hashed-file.ts';

/** A call that takes longer is better made on a thread: a hop there and back costs about 0.05 ms. Chosen. */
const QUICK_MS = 0.5;
/** So many calls go to threads before one is tried at once again. */
const PATIENCE = 256;
/** fsyncs under way at once. Each blocks one of libuv's 4 threads, and other units want to write meanwhile. */
const SYNC_WIDTH = 2;

/**
 * Whether file system calls are made at once or on a thread. Into the page cache of a local disk a small file is
 * written sooner than a thread is reached; on a network mount a single call may take as long as hundreds of replies.
 */
export class DiskTempo {
  #meanMs = 0;
  #patience = 0;

  /** Ask before each call. */
  isQuick(): boolean {
    if (this.#patience === 0) return true;
    this.#patience -= 1;
    return false;
  }

  /** What a call that was made at once took. */
  note(ms: number): void {
    this.#meanMs += (ms - this.#meanMs) / 8;
    if (this.#meanMs <= QUICK_MS) return;
    this.#patience = PATIENCE;
    this.#meanMs = 0;
  }
}

export class LooseFiles implements StagedFolder {
  readonly #root: string;
  readonly #list: StagedFile;
  readonly #tempo: DiskTempo;
  /** Lines of the list, written at once: about 150 bytes per file of one unit. */
  readonly #lines: string[] = [];
  readonly #folders = new Set<string>();
  readonly #files: string[] = [];

  /** @param root - existing folder, below which files have their own paths */
  constructor(root: string, list: StagedFile, tempo: DiskTempo) {
    this.#root = root;
    this.#list = list;
    this.#tempo = tempo;
  }

  add(path: string, pieces: readonly Uint8Array[], sha256: string): Promise<void> | undefined {
    const staged = join(this.#root, listedPath(path));
    this.#files.push(staged);
    let bytes = 0;
    for (const piece of pieces) bytes += piece.byteLength;
    const line = formatListedFile({ path, bytes, sha256 });
    const later = () => this.#addLater(staged, pieces).then(() => void this.#lines.push(line));
    if (!this.#tempo.isQuick()) return later();
    const startMs = systemClock.nowMs();
    try {
      this.#addNow(staged, pieces);
    } catch (error) {
      if (!isShortage(error)) throw error;
      return later();
    }
    this.#tempo.note(systemClock.nowMs() - startMs);
    this.#lines.push(line);
    return undefined;
  }

  async addStream(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const staged = join(this.#root, listedPath(path));
    this.#files.push(staged);
    await this.#folderOf(staged);
    const file = await HashedFile.create(staged);
    try {
      for await (const piece of pieces) await file.write([piece]);
    } catch (error) {
      await file.abandon();
      throw error;
    }
    this.#lines.push(formatListedFile({ path, ...(await file.close(false)) }));
  }

  async close(): Promise<Artifact> {
    // In order of path, whatever order they came in.
    await this.#list.write([Buffer.from(this.#lines.sort().join(''))]);
    return this.#list.close();
  }

  /** Every file and its folder entry on disk: one call for their file system, or fsync for each where that fails. */
  async sync(): Promise<void> {
    if (this.#files.length === 0 || (await syncFileSystem(this.#root))) return;
    await forEachConcurrently([...this.#files, ...this.#folders, this.#root], SYNC_WIDTH, syncPath);
  }

  #addNow(staged: string, pieces: readonly Uint8Array[]): void {
    const folder = dirname(staged);
    if (!this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true });
      this.#folders.add(folder);
    }
    const file = openSync(staged, 'wx');
    try {
      let rest: readonly Uint8Array[] = pieces;
      while (rest.length > 0) rest = unwritten(rest, writevSync(file, rest));
    } finally {
      closeSync(file);
    }
  }

  async #addLater(staged: string, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#folderOf(staged);
    const handle = await patiently(() => open(staged, 'wx'));
    try {
      let rest: readonly Uint8Array[] = pieces;
      while (rest.length > 0) rest = unwritten(rest, (await handle.writev(rest)).bytesWritten);
    } finally {
      await handle.close();
    }
  }

  async #folderOf(staged: string): Promise<void> {
    const folder = dirname(staged);
    if (this.#folders.has(folder)) return;
    await mkdir(folder, { recursive: true });
    this.#folders.add(folder);
  }
}

/** Rename, at once while that is quick. Rejects as fs.rename does. */
export async function renameAtPace(from: string, to: string, tempo: DiskTempo): Promise<void> {
  if (!tempo.isQuick()) return rename(from, to);
  const startMs = systemClock.nowMs();
  renameSync(from, to);
  tempo.note(systemClock.nowMs() - startMs);
}

/**
 * Write everything of one file system to disk (syncfs): thousands of new files cost one journal commit, where fsync
 * costs one each. @returns false where this machine has no `sync` that does it
 */
async function syncFileSystem(folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('sync', ['-f', folder], (error) => resolve(error === null));
  });
}

/** Run `work` over `items`, at most `width` at a time; rejects with the first error once none is running. */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
