import { createReadStream } from 'node:fs';
import { createGzip, type Gzip } from 'node:zlib';
import type { StagedFile } from '../../destination/destination.ts';
import type { Artifact, SpilledBody } from '../../record.ts';
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts';

/** One member of an archive. */
export interface TarEntry {
  readonly name: string;
  readonly body: Uint8Array | SpilledBody;
}

/** A tar archive that is written entry by entry while its samples arrive. One call at a time. */
export class TarFile {
  readonly #write: (chunks: readonly Uint8Array[]) => Promise<void>;
  readonly #close: () => Promise<Artifact>;

  constructor(file: StagedFile, compress: boolean) {
    const output = compress ? new GzipFile(file) : file;
    this.#write = (chunks) => output.write(chunks);
    this.#close = () => output.close();
  }

  /** Append entries in one gathered write where they are in memory; resolves when their bytes are with the destination. */
  async add(entries: readonly TarEntry[]): Promise<void> {
    let chunks: Uint8Array[] = [];
    for (const { name, body } of entries) {
      const bytes = body instanceof Uint8Array ? body.byteLength : body.bytes;
      chunks.push(tarHeader(name, bytes));
      if (body instanceof Uint8Array) chunks.push(body);
      else {
        await this.#write(chunks);
        await this.#copy(body);
        chunks = [];
      }
      chunks.push(tarPadding(bytes));
    }
    await this.#write(chunks);
  }

  async close(): Promise<Artifact> {
    await this.#write([TAR_END]);
    return this.#close();
  }

  async #copy(body: SpilledBody): Promise<void> {
    let bytes = 0;
    for await (const chunk of readSpilled(body)) {
      bytes += chunk.byteLength;
      await this.#write([chunk]);
    }
    if (bytes !== body.bytes) throw new Error(`${body.path}: expected ${body.bytes} spilled bytes, got ${bytes}`);
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
