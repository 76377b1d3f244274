/** Records of any length in buckets: in memory while there are few, in a temporary file beyond that. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Held in memory, all buckets together, and what a record takes beside its bytes. Chosen. */
const HELD_BYTES = 64 * 1024 * 1024;
const RECORD_BYTES = 100;

interface Bucket {
  held: Buffer[];
  /** Where in the file its pieces are. */
  readonly pieces: { readonly at: number; readonly bytes: number }[];
}

/** Memory: 64 MiB. Errors: those of the file system. Close it when done. */
export class RecordSpill {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flow-dc-join-'));
  readonly #buckets: (Bucket | undefined)[] = [];
  #file: number | undefined;
  #end = 0;
  #heldBytes = 0;

  /** One more than the highest bucket that has records. */
  get buckets(): number {
    return this.#buckets.length;
  }

  /** @param number - goes with the record */
  add(bucket: number, number: number, key: string, value: string): void {
    const [keyBytes, valueBytes] = [Buffer.byteLength(key), Buffer.byteLength(value)];
    const record = Buffer.allocUnsafe(16 + keyBytes + valueBytes);
    record.writeDoubleLE(number, 0);
    record.writeUInt32LE(keyBytes, 8);
    record.writeUInt32LE(valueBytes, 12);
    record.write(key, 16);
    record.write(value, 16 + keyBytes);
    this.#buckets[bucket] ??= { held: [], pieces: [] };
    this.#buckets[bucket]?.held.push(record);
    this.#heldBytes += record.length + RECORD_BYTES;
    if (this.#heldBytes > HELD_BYTES) this.#write();
  }

  /** All records of a bucket, in the order in which they came. */
  *read(number: number): Generator<readonly [number: number, key: string, value: string], void> {
    const { held, pieces } = this.#buckets[number] ?? { held: [], pieces: [] };
    for (const { at, bytes } of pieces) {
      const piece = Buffer.allocUnsafe(bytes);
      readSync(this.#file as number, piece, 0, bytes, at);
      yield* records(piece);
    }
    for (const record of held) yield* records(record);
  }

  /** Idempotent. */
  close(): void {
    this.#buckets.length = 0;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(): void {
    this.#file ??= openSync(join(this.#folder, 'records'), 'wx+', 0o600);
    for (const bucket of this.#buckets) {
      if (bucket === undefined || bucket.held.length === 0) continue;
      const piece = Buffer.concat(bucket.held);
      bucket.held = [];
      let written = 0;
      while (written < piece.length)
        written += writeSync(this.#file, piece, written, piece.length - written, this.#end + written);
      bucket.pieces.push({ at: this.#end, bytes: piece.length });
      this.#end += piece.length;
    }
    this.#heldBytes = 0;
  }
}

function* records(piece: Buffer): Generator<readonly [number, string, string], void> {
  for (let at = 0; at < piece.length; ) {
    const keyEnd = at + 16 + piece.readUInt32LE(at + 8);
    const end = keyEnd + piece.readUInt32LE(at + 12);
    yield [piece.readDoubleLE(at), piece.toString('utf8', at + 16, keyEnd), piece.toString('utf8', keyEnd, end)];
    at = end;
  }
}
