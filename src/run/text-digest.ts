/** Texts of any number of rows told apart by 128 bits each, without keeping the texts. */
import { hash } from 'node:crypto';
import { BucketFile } from './bucket-file.ts';

/** What tells texts apart. */
export const DIGEST_BYTES = 16;
/** That, and a number. */
const RECORD_BYTES = DIGEST_BYTES + 8;
/** A hundred million texts are 390,000 in each: 9 MB while it is looked through. */
const BUCKETS = 256;

/** Write the digest of a text at the beginning of `target`. */
export function putDigest(text: string, target: Buffer): void {
  hash('sha256', text, 'buffer').copy(target, 0, 0, DIGEST_BYTES);
}

/** Digests with a number each, by their first bits. Memory: 16 MiB, and one bucket while it is read; the rest on disk. */
export class DigestFile {
  static readonly buckets = BUCKETS;
  readonly #file: BucketFile;
  readonly #record = Buffer.alloc(RECORD_BYTES);

  constructor(path: string) {
    this.#file = new BucketFile(path, RECORD_BYTES);
  }

  /** @param number - a whole one below 2^53 */
  add(text: string, number: number): void {
    putDigest(text, this.#record);
    this.#record.writeDoubleLE(number, DIGEST_BYTES);
    this.#file.add(this.#record[0] as number, this.#record);
  }

  /** Equal texts are in one. */
  bucket(number: number): DigestBucket {
    return new DigestBucket(this.#file.read(number));
  }

  close(): void {
    this.#file.close();
  }
}

/** Records of one bucket, and where in them a digest comes first. */
export class DigestBucket {
  readonly #records: Buffer;
  readonly #slots: Int32Array;

  constructor(records: Buffer) {
    this.#records = records;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, 2 * this.length)))).fill(-1);
  }

  get length(): number {
    return this.#records.length / RECORD_BYTES;
  }

  /** Of the record at a position. */
  numberAt(at: number): number {
    return this.#records.readDoubleLE(at * RECORD_BYTES + DIGEST_BYTES);
  }

  /** Note the digest at a position. @returns the position at which it was noted first, perhaps this one */
  note(at: number): number {
    const slot = this.#slotOf(this.#records, at);
    const found = this.#slots[slot] as number;
    if (found >= 0) return found;
    this.#slots[slot] = at;
    return at;
  }

  /** Position at which another bucket's digest was noted here; undefined for none. */
  find({ records }: { readonly records: Buffer }, at: number): number | undefined {
    const found = this.#slots[this.#slotOf(records, at)] as number;
    return found < 0 ? undefined : found;
  }

  get records(): Buffer {
    return this.#records;
  }

  #slotOf(records: Buffer, at: number): number {
    const from = at * RECORD_BYTES;
    const mask = this.#slots.length - 1;
    let slot = records.readInt32LE(from + 4) & mask;
    for (;;) {
      const other = this.#slots[slot] as number;
      if (other < 0) return slot;
      const there = other * RECORD_BYTES;
      if (records.compare(this.#records, there, there + DIGEST_BYTES, from, from + DIGEST_BYTES) === 0) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
