/** A file that is on its way to the other side while it is written: counted and hashed here, and never on a disk. */
import { createHash } from 'node:crypto';
import type { Artifact } from '../../record.ts';
import type { StagedFile } from '../destination.ts';
import { type Pouring, Setback } from './tool-caller.ts';

export interface PouredFileOptions {
  /** The program is started when there is something to write. */
  start(): Promise<Pouring>;
  /** See that it is there. Errors: Setback. */
  seen(artifact: Artifact, md5: string): Promise<void>;
  /** Called once, when the program is gone or was never needed. */
  onEnd(): void;
  onSetback(setback: Setback): void;
}

export class PouredFile implements StagedFile {
  readonly #name: string;
  readonly #options: PouredFileOptions;
  readonly #sha256 = createHash('sha256');
  readonly #md5 = createHash('md5');
  #bytes = 0;
  #pouring: Pouring | undefined;
  #isOver = false;

  /** @param name - on the other side */
  constructor(name: string, options: PouredFileOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Errors: a plain Error for what the program did, which is its unit's affair; the reason of a halt. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      this.#sha256.update(chunk);
      this.#md5.update(chunk);
      this.#bytes += chunk.byteLength;
    }
    try {
      this.#pouring ??= await this.#options.start();
      await this.#pouring.write(chunks);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Resolves when the whole file was seen on the other side. Errors: the same. */
  async close(): Promise<Artifact> {
    const artifact = { name: this.#name, bytes: this.#bytes, sha256: this.#sha256.digest('hex') };
    try {
      this.#pouring ??= await this.#options.start();
      await this.#pouring.end();
      await this.#options.seen(artifact, this.#md5.digest('hex'));
    } catch (error) {
      return this.#failed(error);
    }
    this.#over();
    return artifact;
  }

  /**
   * Give up what is under way. Idempotent.
   * @returns whether something of it may be on the other side
   */
  async abandon(): Promise<boolean> {
    await this.#pouring?.stop(new Error('its unit was given up'));
    this.#over();
    return this.#pouring !== undefined;
  }

  #failed(error: unknown): never {
    this.#over();
    if (!(error instanceof Setback)) throw error;
    this.#options.onSetback(error);
    throw new Error(`${error.program}, ${this.#name}: ${error.message}`, { cause: error });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd();
  }
}
