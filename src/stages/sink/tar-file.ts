/** A tar archive that is written entry by entry while its samples arrive. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createGzip, type Gzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import type { StagedFile } from '../../destination/destination.ts';
import type { Artifact, SpilledBody } from '../../record.ts';

/** One member of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly body: Uint8Array | SpilledBody;
}

/** What every entry has, so that the same samples make the same archive. */
const ATTRIBUTES = { mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 } as const;

/**
 * A tar archive that is written entry by entry while its samples arrive. One call at a time; after a failed one every
 * other fails too. A body is given back as soon as `add` resolves, so its bytes must have left the packer by then: the
 * packer is never piped anywhere, which would let them lie in its queue, but emptied after each entry.
 */
export class TarFile {
  readonly #write: (chunks: readonly Uint8Array[]) => Promise<void>;
  readonly #close: () => Promise<Artifact>;
  // No limit: with one, an entry that fills the queue would wait for a reader that waits for the entry.
  readonly #pack = pack({ highWaterMark: Number.POSITIVE_INFINITY });

  constructor(file: StagedFile, compress: boolean) {
    const output = compress ? new GzipFile(file) : file;
    this.#write = (chunks) => output.write(chunks);
    this.#close = () => output.close();
    // The caller hears of a failure from the entry that met it; the event must not end the process as well.
    this.#pack.on('error', () => {});
    // The first read opens the stream; a read before that finds nothing.
    this.#packed();
  }

  /**
   * Append entries in one gathered write where they are in memory; resolves when their bytes are with the destination.
   */
  async add(entries: readonly TarEntry[]): Promise<void> {
    try {
      let chunks: Uint8Array[] = [];
      for (const { name, body } of entries) {
        if (body instanceof Uint8Array) {
          await once(this.#pack.entry({ name, ...ATTRIBUTES }, body), 'close');
        } else {
          await this.#write(chunks);
          chunks = [];
          await this.#copy(name, body);
        }
        chunks.push(...this.#packed());
      }
      await this.#write(chunks);
    } catch (error) {
      this.#pack.destroy(error as Error);
      throw error;
    }
  }

  /** Throws when an entry before failed: what is there is no archive. */
  async close(): Promise<Artifact> {
    if (this.#pack.destroying)
      throw new Error('expected an archive of complete entries, got one whose last entry failed');
    this.#pack.finalize();
    await this.#write(this.#packed());
    return this.#close();
  }

  /** Append an entry piece by piece; what fills its last block stays in the packer. */
  async #copy(name: string, body: SpilledBody): Promise<void> {
    const entry = this.#pack.entry({ name, size: body.bytes, ...ATTRIBUTES });
    await Promise.all([once(entry, 'close'), this.#feed(entry, body)]);
  }

  async #feed(entry: ReturnType<Pack['entry']>, body: SpilledBody): Promise<void> {
    let bytes = 0;
    for await (const chunk of readSpilled(body)) {
      bytes += chunk.byteLength;
      if (!entry.write(chunk)) await once(entry, 'drain');
      await this.#write(this.#packed());
    }
    if (bytes !== body.bytes) throw new Error(`${body.path}: expected ${body.bytes} spilled bytes, got ${bytes}`);
    entry.end(null);
  }

  /** What the packer has made of the entries so far. */
  #packed(): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (let chunk = this.#pack.read(); chunk !== null; chunk = this.#pack.read()) chunks.push(chunk as Uint8Array);
    return chunks;
  }
}

/** The bytes of a body that did not stay in memory. */
export function readSpilled(body: SpilledBody): AsyncIterable<Buffer> {
  return createReadStream(body.path, { highWaterMark: 1024 * 1024 });
}

/** gzip in front of a staged file; header without name or time, so equal input gives equal output. */
class GzipFile {
  readonly #file: StagedFile;
  readonly #gzip: Gzip = createGzip();
  #ready: Buffer[] = [];
  #failed: Error | undefined;

  constructor(file: StagedFile) {
    this.#file = file;
    this.#gzip.on('data', (chunk: Buffer) => this.#ready.push(chunk));
    this.#gzip.on('error', (error) => {
      this.#failed = error;
    });
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      if (chunk.byteLength > 0) await this.#settled((done) => this.#gzip.write(chunk, done));
      await this.#drain();
    }
  }

  async close(): Promise<Artifact> {
    await new Promise<void>((resolve, reject) => this.#gzip.once('end', resolve).once('error', reject).end());
    await this.#drain();
    return this.#file.close();
  }

  async #drain(): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    const ready = this.#ready;
    this.#ready = [];
    if (ready.length > 0) await this.#file.write(ready);
  }

  #settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
  }
}
