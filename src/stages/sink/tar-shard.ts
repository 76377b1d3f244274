/** A tar archive that grows while its samples arrive: small parts gathered in a slab, bodies as they came. */
import type { Clock } from '../../clock.ts';
import type { Publish } from '../../dataset/published.ts';
import type { SampleJson } from '../../dataset/sample-json.ts';
import type { Artifact, FetchResult, SpilledBody } from '../../record.ts';
import type { LentBody } from './early-file.ts';
import { isPacked, type TarOutput } from './gzip-file.ts';
import type { OrderedShard } from './ordered-samples.ts';
import { READ_BYTES, readSpilled, type SampleEvents } from './sample-container.ts';
import { BLOCK_BYTES, isPlain, unusualHeader, writeHeader } from './tar-header.ts';
import { DEFAULT_MTIME, type SampleTime } from './tar-time.ts';

/** Gathered before a write: from about this size on a system call costs nothing beside its bytes. Measured. */
const WRITE_BYTES = 1024 * 1024;
/** Headers, captions and metadata of some dozens of samples. */
const SLAB_BYTES = 64 * 1024;
const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK_BYTES);

export interface TarShardOptions {
  /** Set for webdataset: metadata beside every body. */
  readonly json?: SampleJson | undefined;
  /** Set to write the number of each row's class as `.cls`, by position in the unit. */
  readonly classes?: ArrayLike<number> | undefined;
  /** Set to write captions as `.txt`, as this publishes them, also empty ones: loaders want the same fields in every sample. */
  readonly caption?: Publish | undefined;
  /** Default: 2000-01-01 00:00 UTC. */
  readonly time?: SampleTime | undefined;
  /** The caption behind the metadata. */
  readonly captionLast?: boolean | undefined;
  /** Where each sample begins will be asked: some 8 bytes for each. */
  readonly offsets?: boolean | undefined;
}

type Part = Uint8Array | SpilledBody | LentBody | Promise<Uint8Array>;

export class TarShard implements OrderedShard {
  writeMs = 0;
  readonly #output: TarOutput;
  readonly #clock: Clock;
  readonly #options: TarShardOptions;
  readonly #events: SampleEvents;
  /** What was added and is not being written yet, in order; `#packed` says of each part whether it is compressed. */
  #parts: Part[] = [];
  #packed: boolean[] = [];
  #results: FetchResult[] = [];
  #bytes = 0;
  /** Where samples begin in the archive, and where the last one ends. */
  readonly #starts: number[] = [];
  #end = 0;
  /** Long headers, which these do not count: the first sample behind each, and its bytes. */
  readonly #odd: (readonly [from: number, bytes: Promise<number>])[] = [];
  #slab = Buffer.allocUnsafe(SLAB_BYTES);
  /** The slab is used up to `#at`; from `#from` on it is not among the parts yet. */
  #from = 0;
  #at = 0;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  /** Of the entries that are being added. */
  #mtime = DEFAULT_MTIME;

  constructor(output: TarOutput, options: TarShardOptions, events: SampleEvents, clock: Clock) {
    this.#clock = clock;
    this.#output = output;
    this.#options = options;
    this.#events = events;
  }

  /**
   * @param options - of this sample, where they are not those of all
   * @param lent - its body, where that was put aside; the result is settled then
   */
  add(result: FetchResult, stem: string, extension: string, options = this.#options, lent?: LentBody): string {
    const name = `${stem}.${extension}`;
    const { bytes } = result;
    if (this.#options.offsets === true) this.#starts.push(this.#end);
    this.#mtime = options.time?.(result) ?? DEFAULT_MTIME;
    this.#header(name, bytes);
    this.#body(result, lent);
    this.#pad(bytes);
    const { caption, captionLast = false, classes, json } = options;
    const text = caption && Buffer.from(caption(result.row.caption ?? ''));
    if (text !== undefined && !captionLast) this.#small(`${stem}.txt`, text);
    if (classes !== undefined) this.#small(`${stem}.cls`, Buffer.from(String(classes[result.row.index])));
    if (json !== undefined) this.#small(`${stem}.json`, json(result, result.sha256));
    if (text !== undefined && captionLast) this.#small(`${stem}.txt`, text);
    if (lent === undefined) this.#results.push(result);
    if (this.#bytes >= WRITE_BYTES) void this.flush();
    return name;
  }

  /** Take a file that is nobody's sample. */
  addFile(name: string, file: SpilledBody): void {
    this.#mtime = DEFAULT_MTIME;
    this.#header(name, file.bytes);
    this.#part(file, false);
    this.#bytes += file.bytes;
    this.#pad(file.bytes);
  }

  get hasUnwritten(): boolean {
    return this.#bytes > 0;
  }

  /**
   * Write what there is; what is added meanwhile follows when it is enough, or by the next call.
   * @returns resolves when the write under way is over, however it ends
   */
  flush(): Promise<void> {
    if (this.#failure === undefined) this.#writing ??= this.#write().finally(() => this.#written());
    return this.#writing ?? Promise.resolve();
  }

  async close(): Promise<Artifact> {
    if (this.#failure !== undefined) throw this.#failure;
    while (this.#writing !== undefined || this.#results.length > 0) {
      await this.flush();
      if (this.#failure !== undefined) throw this.#failure;
    }
    this.#part(END_OF_ARCHIVE, false);
    await this.#write();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#output.close();
  }

  async offsets(): Promise<readonly number[] | undefined> {
    if (this.#options.offsets !== true) return undefined;
    const offsets = [...this.#starts, this.#end];
    for (const [from, bytes] of this.#odd) {
      const more = await bytes;
      for (let sample = from; sample < offsets.length; sample++) offsets[sample] = (offsets[sample] as number) + more;
    }
    return offsets;
  }

  async abandon(): Promise<void> {
    this.#failure ??= new Error('the shard was abandoned');
    await this.#writing;
    this.#events.onSettled(this.#results.splice(0));
  }

  #written(): void {
    this.#writing = undefined;
    if (this.#bytes >= WRITE_BYTES) void this.flush();
  }

  /** Never rejects when it was started by `flush`: whoever adds hears of a failure from its event. */
  async #write(): Promise<void> {
    // What is compressed is cut by its content alone; the end of the last sample follows with the next one.
    if (this.#output.isCutByContent !== true) this.#cut();
    const [parts, packed, results] = [this.#parts, this.#packed, this.#results];
    this.#parts = [];
    this.#packed = [];
    this.#results = [];
    this.#bytes = 0;
    const startMs = this.#clock.nowMs();
    try {
      await this.#writeParts(parts, packed);
    } catch (error) {
      this.#failure = error as Error;
      this.#events.onError(this.#failure);
    }
    this.writeMs += this.#clock.nowMs() - startMs;
    this.#events.onSettled(results);
  }

  async #writeParts(parts: readonly Part[], packed: readonly boolean[]): Promise<void> {
    let chunks: Uint8Array[] = [];
    let flags: boolean[] = [];
    let lentBytes = 0;
    const flush = async (): Promise<void> => {
      const [written, isPacked] = [chunks, flags];
      [chunks, flags, lentBytes] = [[], [], 0];
      await this.#output.write(written, isPacked);
    };
    for (const [index, part] of parts.entries()) {
      const isPacked = packed[index] === true;
      if ('path' in part) {
        await flush();
        for await (const chunk of readSpilled(part)) await this.#output.write([chunk], [isPacked]);
        continue;
      }
      const chunk = part instanceof Uint8Array ? part : await ('read' in part ? part.read() : part);
      for (let at = 0; at < chunk.byteLength; at += READ_BYTES) {
        chunks.push(chunk.subarray(at, at + READ_BYTES));
        flags.push(isPacked);
      }
      if ('read' in part) lentBytes += chunk.byteLength;
      // What was put aside is read a little at a time.
      if (lentBytes >= WRITE_BYTES) await flush();
    }
    await flush();
  }

  #header(name: string, size: number): void {
    if (isPlain(name, size)) {
      this.#reserve(BLOCK_BYTES);
      writeHeader(this.#slab, this.#at, name, size, this.#mtime);
      this.#at += BLOCK_BYTES;
      this.#end += BLOCK_BYTES;
    } else {
      const header = unusualHeader(name, size, this.#mtime);
      this.#part(header, false);
      if (this.#options.offsets === true) this.#shift(header);
    }
    this.#end += size;
    this.#bytes += BLOCK_BYTES;
  }

  #shift(header: Promise<Uint8Array>): void {
    const bytes = header.then(({ byteLength }) => byteLength);
    // Who writes it hears of that.
    bytes.catch(() => {});
    this.#odd.push([this.#starts.length, bytes]);
  }

  #body(result: FetchResult, lent: LentBody | undefined): void {
    const packed = isPacked(result.contentType);
    const { pieces = [], row, unit } = result;
    // How the network cut it up is no part of its content.
    if (lent === undefined && pieces.length > 0 && this.#output.isCutByContent !== true) {
      for (const piece of pieces) this.#part(piece, packed);
    } else {
      const body = lent ?? result.body;
      if (body === undefined)
        throw new TypeError(`unit ${unit.id}, row ${row.row}: expected a body with status fetched`);
      this.#part(body, packed);
    }
    this.#bytes += result.bytes;
  }

  #small(name: string, content: Buffer): void {
    this.#header(name, content.length);
    if (content.length > SLAB_BYTES / 4) this.#part(content, false);
    else {
      this.#reserve(content.length);
      content.copy(this.#slab, this.#at);
      this.#at += content.length;
    }
    this.#bytes += content.length;
    this.#pad(content.length);
  }

  #pad(size: number): void {
    const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    this.#end += padding;
    this.#reserve(padding);
    this.#slab.fill(0, this.#at, this.#at + padding);
    this.#at += padding;
  }

  #part(part: Part, packed: boolean): void {
    this.#cut();
    this.#parts.push(part);
    this.#packed.push(packed);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= SLAB_BYTES) return;
    this.#cut();
    this.#slab = Buffer.allocUnsafe(SLAB_BYTES);
    this.#from = 0;
    this.#at = 0;
  }

  /** What was put into the slab since the last part becomes a part. */
  #cut(): void {
    if (this.#at === this.#from) return;
    this.#parts.push(this.#slab.subarray(this.#from, this.#at));
    this.#packed.push(false);
    this.#from = this.#at;
  }
}
