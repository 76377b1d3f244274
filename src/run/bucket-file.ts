/** Records of one size in buckets: in memory while a bucket is small, in a temporary file beyond that. */
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a bucket keeps in memory before it goes to the file. Chosen. */
const HELD_BYTES = 64 * 1024;
const FIRST_BYTES = 1024;

interface Bucket {
  held: Buffer;
  used: number;
  /** Where in the file its pieces begin. */
  readonly pieces: number[];
}

/** Memory: 64 KiB for each bucket. The file goes when this is closed. Errors: those of the file system. */
export class BucketFile {
  readonly #path: string;
  readonly #pieceBytes: number;
  readonly #buckets: (Bucket | undefined)[] = [];
  #file: number | undefined;
  #end = 0;

  /** @param path - of the file, which is made when it is needed */
  constructor(path: string, recordBytes: number) {
    this.#path = path;
    this.#pieceBytes = Math.floor(HELD_BYTES / recordBytes) * recordBytes;
  }

  /** One more than the highest bucket that has records. */
  get buckets(): number {
    return this.#buckets.length;
  }

  /** @param record - of the size that was said; copied */
  add(number: number, record: Buffer): void {
    const bucket = this.#of(number);
    if (bucket.used + record.length > bucket.held.length) this.#makeRoom(bucket);
    record.copy(bucket.held, bucket.used);
    bucket.used += record.length;
  }

  /** All records of a bucket, in the order in which they came. */
  read(number: number): Buffer {
    const bucket = this.#buckets[number];
    if (bucket === undefined) return Buffer.alloc(0);
    const { pieces, held, used } = bucket;
    const all = Buffer.allocUnsafe(pieces.length * this.#pieceBytes + used);
    pieces.forEach((from, at) => {
      readSync(this.#file as number, all, at * this.#pieceBytes, this.#pieceBytes, from);
    });
    held.copy(all, pieces.length * this.#pieceBytes, 0, used);
    return all;
  }

  /** Idempotent. */
  close(): void {
    this.#buckets.length = 0;
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }

  #of(number: number): Bucket {
    let bucket = this.#buckets[number];
    if (bucket === undefined) {
      bucket = { held: Buffer.allocUnsafe(FIRST_BYTES), used: 0, pieces: [] };
      this.#buckets[number] = bucket;
    }
    return bucket;
  }

  #makeRoom(bucket: Bucket): void {
    if (bucket.used < this.#pieceBytes) {
      const larger = Buffer.allocUnsafe(Math.min(this.#pieceBytes, bucket.held.length * 4));
      bucket.held.copy(larger, 0, 0, bucket.used);
      bucket.held = larger;
      return;
    }
    if (this.#file === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#file = openSync(this.#path, 'w+');
    }
    writeSync(this.#file, bucket.held, 0, this.#pieceBytes, this.#end);
    bucket.pieces.push(this.#end);
    this.#end += this.#pieceBytes;
    bucket.used = 0;
  }
}
