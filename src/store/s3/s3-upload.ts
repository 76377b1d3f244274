/** One object on its way into a store: filled part by part, parts sent side by side, hashed as a whole. */
import { createHash, webcrypto } from 'node:crypto';
import type { ObjectUpload, UploadNote } from '../object-store.ts';
import { unless } from './faults.ts';
import { PartBuffer } from './part-buffer.ts';
import { bytesOfPart } from './part-plan.ts';
import type { S3Calls } from './s3-calls.ts';
import { sentBytes } from './sent-bytes.ts';

/** The upload as the store calls it. */
interface Begun {
  readonly id: string;
  /** Whether the store keeps the SHA-256 of each part, and wants them named at the end. */
  readonly keepsSums: boolean;
}

export interface UploadPlace {
  readonly calls: S3Calls;
  /** The store's, for messages. */
  readonly name: string;
  /** Below the bucket. */
  readonly key: string;
  abortUpload(id: string): Promise<void>;
}

export class S3Upload implements ObjectUpload {
  readonly #place: UploadPlace;
  readonly #hash = createHash('sha256');
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  readonly #parts: string[] = [];
  #filling: PartBuffer;
  #begun: Promise<Begun> | undefined;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(place: UploadPlace) {
    this.#place = place;
    this.#filling = new PartBuffer(place.calls.shelf, bytesOfPart(1, place.calls.partBytes));
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    this.#check();
    for (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.byteLength;
      for (let from = 0; from < chunk.byteLength; ) {
        from += this.#filling.add(from === 0 ? chunk : chunk.subarray(from));
        if (this.#filling.isFull) await this.#sendPart();
      }
    }
  }

  async close(): Promise<{ readonly bytes: number; readonly sha256: string; readonly upload: UploadNote }> {
    // An object has at least one part, also when that is empty.
    if (this.#filling.bytes > 0 || this.#parts.length === 0) await this.#sendPart();
    await Promise.all(this.#sending);
    this.#check();
    const { id } = await this.#begin();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex'), upload: { id, parts: this.#parts } };
  }

  async abort(): Promise<void> {
    this.#stop.abort(new Error('the upload was aborted'));
    await Promise.all(this.#sending);
    this.#filling.release();
    const begun = await this.#begun?.catch(() => undefined);
    if (begun !== undefined) await this.#place.abortUpload(begun.id);
  }

  /** Resolves when the part has a place among those on their way: that is how a slow store is felt. */
  async #sendPart(): Promise<void> {
    const { calls } = this.#place;
    const taken = await calls.partSlots.take(this.#stop.signal);
    if (!taken || this.#failure !== undefined) {
      if (taken) calls.partSlots.release();
      return this.#check();
    }
    const part = this.#filling;
    const number = this.#parts.push('');
    this.#filling = new PartBuffer(calls.shelf, bytesOfPart(number + 1, calls.partBytes));
    const sending: Promise<void> = this.#send(part.content, number)
      .catch((error: Error) => {
        this.#failure ??= error;
      })
      .finally(() => {
        part.release();
        calls.partSlots.release();
        this.#sending.delete(sending);
      });
    this.#sending.add(sending);
  }

  async #send(content: Buffer, number: number): Promise<void> {
    const { calls, name, key } = this.#place;
    const [{ id, keepsSums }, digest] = await Promise.all([
      this.#begin(),
      // On another thread, where the whole content's is made here.
      webcrypto.subtle.digest('SHA-256', content),
    ]);
    const sum = Buffer.from(digest);
    const input = { Bucket: calls.bucket, Key: key, UploadId: id, PartNumber: number, Body: content };
    const sums = keepsSums ? { ChecksumSHA256: sum.toString('base64') } : {};
    const options = { what: `upload part ${number} of ${key}`, signal: this.#stop.signal };
    const { ETag = '' } = await calls.call(name, options, (abortSignal) => {
      const command = new calls.sdk.UploadPartCommand({ ...input, ...sums });
      sentBytes(command.middlewareStack, sum.toString('hex'));
      return calls.client.send(command, { abortSignal });
    });
    this.#parts[number - 1] = keepsSums ? `${ETag} ${sum.toString('base64')}` : ETag;
  }

  #begin(): Promise<Begun> {
    this.#begun ??= this.#create();
    return this.#begun;
  }

  async #create(): Promise<Begun> {
    const { calls } = this.#place;
    if (calls.takesSums) {
      const begun = await unless(
        'refused',
        unless('not-implemented', this.#createWith('SHA256'), undefined),
        undefined,
      );
      if (begun !== undefined) return begun;
      // Bytes are guarded by the signed header all the same.
      calls.takesSums = false;
    }
    return this.#createWith(undefined);
  }

  async #createWith(sums: 'SHA256' | undefined): Promise<Begun> {
    const { calls, name, key } = this.#place;
    const input = { Bucket: calls.bucket, Key: key, ...(sums === undefined ? {} : { ChecksumAlgorithm: sums }) };
    const answer = await calls.call(name, { what: `begin to upload ${key}` }, (abortSignal, attempt) => {
      // A call under way is not broken off: what it begins could not be aborted, its name being unknown.
      if (attempt > 1) this.#check();
      return calls.client.send(new calls.sdk.CreateMultipartUploadCommand(input), { abortSignal });
    });
    // Stores that do not know it pass over it, and say nothing of it in their answer.
    return { id: answer.UploadId ?? '', keepsSums: sums !== undefined && answer.ChecksumAlgorithm === sums };
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
  }
}
