/** What a job in a store remembers of its input: files on this machine, with copies below the job's prefix. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StoreArea } from '../destination/store/store-layout.ts';
import { withSums } from '../job/job-file.ts';
import { nameOfKey, readText, STATE_KEYS } from '../job/store/state-keys.ts';
import { readStoreJobFile, writeStoreJobFile } from '../job/store/store-job.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type InputMemory, notKept, type PipePlace } from './input-memory.ts';
import type { RunFolder } from './run-folder.ts';

/** Kept piece by piece: no part of it is lost to nobody's knowledge, as an upload that was cut short would be. */
const PIECE_BYTES = 8 * 1024 * 1024;

export class StoreMemory implements InputMemory, PipePlace {
  readonly keptInput: string;
  readonly partialInput: string;
  readonly lingers: string;
  readonly spool = join(tmpdir(), 'flow-dc-stdin-');
  readonly #area: StoreArea;
  readonly #folder: RunFolder;

  constructor(area: StoreArea, folder: RunFolder) {
    this.#area = area;
    this.#folder = folder;
    this.keptInput = folder.keptInput;
    this.partialInput = folder.partialInput;
    this.lingers = folder.lingers;
  }

  /** What earlier runs kept is here now. */
  async bring(): Promise<void> {
    await this.#folder.make();
    await fetchFile(this.#area.state, STATE_KEYS.lingers, this.lingers);
    await this.#bringInput();
  }

  async kept(): Promise<string> {
    await this.#folder.make();
    if (await this.#bringInput()) return this.keptInput;
    throw notKept(this.#area.output.name, nameOfKey(this.#area.state, STATE_KEYS.stdin), true);
  }

  async keep(file: 'keptInput' | 'lingers'): Promise<void> {
    if (file === 'lingers') return putSmallFile(this.#area.state, STATE_KEYS.lingers, this.lingers);
    const { state } = this.#area;
    let pieces = 0;
    for await (const piece of createReadStream(this.keptInput, { highWaterMark: PIECE_BYTES })) {
      await state.put(pieceKey(pieces), piece as Buffer);
      pieces += 1;
    }
    await state.put(STATE_KEYS.stdin, `${JSON.stringify({ pieces })}\n`);
  }

  /** @returns whether all of it was kept */
  async #bringInput(): Promise<boolean> {
    const { state } = this.#area;
    const whole = await readText(state, STATE_KEYS.stdin);
    if (whole === undefined || existsSync(this.keptInput)) return whole !== undefined;
    const { pieces } = JSON.parse(whole) as { readonly pieces: number };
    await pipeline(piecesOf(state, pieces), createWriteStream(this.partialInput));
    await rename(this.partialInput, this.keptInput);
    return true;
  }

  async noteContents(contents: ReadonlyMap<string, string>): Promise<void> {
    const job = await readStoreJobFile(this.#area);
    if (job !== undefined) await writeStoreJobFile(this.#area, withSums(job, contents));
  }
}

/** @returns false when there is no such object; the file is left alone then */
export async function fetchFile(store: ObjectStore, key: string, path: string): Promise<boolean> {
  if ((await store.head(key)) === undefined) return false;
  await pipeline(await store.open(key), createWriteStream(path));
  return true;
}

async function* piecesOf(state: ObjectStore, pieces: number): AsyncGenerator<Uint8Array> {
  for (let number = 0; number < pieces; number += 1) yield* await state.open(pieceKey(number));
}

function pieceKey(number: number): string {
  return `${STATE_KEYS.stdinPieces}${String(number).padStart(6, '0')}`;
}

/** Put a file that fits in memory. */
export async function putSmallFile(store: ObjectStore, key: string, path: string): Promise<void> {
  await store.put(key, await readFile(path));
}
