/** A manifest on a web server. */
import type { Readable } from 'node:stream';
import { shownUrl } from '../../../host/remote-url.ts';
import { statusError } from './http-errors.ts';
import { discard, type HttpNetwork, type HttpReply } from './http-network.ts';
import { changed, type FileVersion, type Origin, type Part, PassingFault } from './remote-file.ts';

/** What the first reply tells. */
export interface Acquaintance {
  /** Undefined where it comes only as a whole, from its first byte on. */
  readonly version: FileVersion | undefined;
  readonly contentType: string | undefined;
}

export interface WholeBody {
  readonly body: Readable;
  /** As sent, if the server says. */
  readonly bytes: number | undefined;
  readonly encoding: string | undefined;
}

export class HttpOrigin implements Origin {
  readonly name: string;
  readonly #named: URL;
  readonly #network: HttpNetwork;
  /** Where redirects led the last time: asked first, until it knows nothing of us any more. */
  #landed: URL | undefined;

  constructor(url: string, network: HttpNetwork) {
    this.#named = new URL(url);
    this.#named.hash = '';
    this.name = shownUrl(url);
    this.#network = network;
  }

  /** Whether parts can be asked for. Errors: as `ask`. */
  async meet(signal: AbortSignal): Promise<Acquaintance> {
    const reply = await this.#get({ range: 'bytes=0-0' }, signal);
    try {
      const range = contentRange(reply);
      const contentType = header(reply, 'content-type');
      // RFC 9110, 15.5.17: an empty file has no first byte.
      if (reply.status === 416 && range?.bytes === 0) return { version: versionOf(reply, 0), contentType };
      this.#mustBring(reply);
      const isEncoded = header(reply, 'content-encoding') !== undefined;
      const isPart = reply.status === 206 && range?.start === 0 && range.end === 1 && !isEncoded;
      const bytes = isPart ? range.bytes : undefined;
      return { version: bytes === undefined ? undefined : versionOf(reply, bytes), contentType };
    } finally {
      discard(reply.body);
    }
  }

  async ask(start: number, end: number, signal: AbortSignal): Promise<Part> {
    const reply = await this.#get({ range: `bytes=${start}-${end - 1}` }, signal);
    try {
      const range = contentRange(reply);
      // Shorter than it was.
      if (reply.status === 416) throw changed(this.name);
      this.#mustBring(reply);
      if (reply.status !== 206 || range?.bytes === undefined)
        throw new PassingFault(`HTTP status ${reply.status} to a question for a part`);
      if (range.start !== start) throw new PassingFault(`another part than asked for (from byte ${range.start})`);
      return { version: versionOf(reply, range.bytes), chunks: reply.body };
    } catch (error) {
      discard(reply.body);
      throw error;
    }
  }

  /** All of it, in one reply. Errors: as `ask`. */
  async whole(signal: AbortSignal): Promise<WholeBody> {
    const reply = await this.#get({}, signal);
    try {
      this.#mustBring(reply);
      const length = header(reply, 'content-length');
      const bytes = length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
      return { body: reply.body, bytes, encoding: header(reply, 'content-encoding') };
    } catch (error) {
      discard(reply.body);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#network.close();
  }

  async #get(headers: Record<string, string>, signal: AbortSignal): Promise<HttpReply> {
    const landed = this.#landed;
    this.#landed = undefined;
    let reply = await this.#network.get(landed ?? this.#named, this.#named, headers, signal);
    // Addresses that redirects lead to are often good for minutes only.
    if (landed !== undefined && reply.status >= 400 && reply.status < 500 && reply.status !== 416) {
      discard(reply.body);
      reply = await this.#network.get(this.#named, this.#named, headers, signal);
    }
    if (reply.status < 300) this.#landed = reply.url;
    return reply;
  }

  #mustBring(reply: HttpReply): void {
    const { status } = reply;
    if (status !== 200 && status !== 203 && status !== 206)
      throw statusError(this.#named, status, header(reply, 'retry-after'));
  }
}

interface ContentRange {
  readonly start: number | undefined;
  /** Not included. */
  readonly end: number | undefined;
  readonly bytes: number | undefined;
}

/** `bytes 0-99/1234`, `bytes 0-99/*`, `bytes *​/1234`. */
function contentRange(reply: HttpReply): ContentRange | undefined {
  const match = /^\s*bytes\s+(?:(\d+)-(\d+)|\*)\/(\d+|\*)\s*$/i.exec(header(reply, 'content-range') ?? '');
  if (match === null) return undefined;
  const [, first, last, total] = match;
  return {
    start: first === undefined ? undefined : Number(first),
    end: last === undefined ? undefined : Number(last) + 1,
    bytes: total === '*' ? undefined : Number(total),
  };
}

function versionOf(reply: HttpReply, bytes: number): FileVersion {
  return { bytes, etag: header(reply, 'etag'), lastModified: header(reply, 'last-modified') };
}

function header({ headers }: HttpReply, name: string): string | undefined {
  const value = headers[name];
  const first = typeof value === 'string' ? value : value?.[0];
  return name === 'content-encoding' && /^\s*(identity)?\s*$/i.test(first ?? '') ? undefined : first;
}
