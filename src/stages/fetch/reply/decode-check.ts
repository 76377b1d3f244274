/**
 * Whether an image decodes, found out by decoding it: every pixel once, on a thread of libuv's pool, by sharp, which is
 * there only where somebody has installed it.
 */
import { createRequire } from 'node:module';
import type sharp from 'sharp';
import type { FetchSettings } from '../../../config/types.ts';
import { FlowDcError } from '../../../errors.ts';
import { shortened } from '../../../short-text.ts';
import { Semaphore } from '../../../structures/semaphore.ts';
import type { Acceptance } from './accept-body.ts';
import type { CollectedBody } from './body-collector.ts';

type Sharp = typeof sharp;

/** What PIL refuses as a decompression bomb, with the loaders that read by it. */
const MOST_PIXELS = 178_956_970;
const LONGEST_SEC = 20;
/** Images at once, for each thread that fetches: libuv's pool has four threads, and files want some of them. Chosen. */
const WIDTH = 2;
/** What sharp reads as it is installed from npm. SVG may name other files, and is left alone. */
const READABLE: ReadonlySet<string> = new Set(['jpg', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif']);

/** @returns undefined where an image decodes, else why it does not; rejects for faults of our own disk */
export type Decode = (body: Pick<CollectedBody, 'pieces' | 'spilled'>) => Promise<string | undefined>;

export class DecodeCheck {
  readonly #decode: Decode;
  readonly #keepsBroken: boolean;
  readonly #turns = new Semaphore(WIDTH);

  /** @param keepsBroken - an image that does not decode is stored with a flag */
  constructor(decode: Decode, keepsBroken: boolean) {
    this.#decode = decode;
    this.#keepsBroken = keepsBroken;
  }

  /** A body that was accepted, looked at once more; at once where there is nothing to decode. */
  check(acceptance: Acceptance | Promise<Acceptance>): Acceptance | Promise<Acceptance> {
    return acceptance instanceof Promise ? acceptance.then((late) => this.#checked(late)) : this.#checked(acceptance);
  }

  #checked(acceptance: Acceptance): Acceptance | Promise<Acceptance> {
    if (!acceptance.ok || !acceptance.accepted.contentType.startsWith('image/')) return acceptance;
    const { held, accepted } = acceptance;
    if (!READABLE.has(accepted.extension)) return flagged(acceptance, 'unchecked');
    return this.#turns.run(async () => {
      const flaw = await this.#decode(held);
      if (flaw === undefined) return acceptance;
      if (this.#keepsBroken) return flagged(acceptance, 'broken');
      return { ok: false, code: 'not_whole', message: `${accepted.contentType}: does not decode: ${flaw}`, held };
    });
  }
}

function flagged(acceptance: Acceptance & { readonly ok: true }, flag: 'broken' | 'unchecked'): Acceptance {
  const { accepted } = acceptance;
  if (accepted.flags.includes(flag)) return acceptance;
  return { ...acceptance, accepted: { ...accepted, flags: [...accepted.flags, flag] } };
}

/** What the settings ask for. Errors: those of `sharpDecode`. */
export function decodeCheckOf({
  decodeCheck,
  keepBroken,
  expectContent,
}: Pick<FetchSettings, 'decodeCheck' | 'keepBroken' | 'expectContent'>): DecodeCheck | undefined {
  return decodeCheck ? new DecodeCheck(sharpDecode(), keepBroken || expectContent === 'any') : undefined;
}

/** Errors: FDC_ERR_CONFIG_INVALID where sharp is not installed, or is not for this machine. */
export function sharpDecode(): Decode {
  const load = loadSharp();
  // Images are decoded side by side, so each by one thread; none is looked at twice.
  load.concurrency(1);
  load.cache(false);
  return async ({ pieces, spilled }) => {
    const input = spilled?.path ?? (pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
    try {
      await load(input, { failOn: 'error', limitInputPixels: MOST_PIXELS, sequentialRead: true })
        .timeout({ seconds: LONGEST_SEC })
        // Read to the last pixel, and never held as a whole.
        .resize({ width: 1, height: 1, fit: 'fill', fastShrinkOnLoad: false })
        .raw()
        .toBuffer();
      return undefined;
    } catch (error) {
      return shortened(((error as Error).message.split('\n', 1)[0] as string).trim());
    }
  };
}

function loadSharp(): Sharp {
  try {
    return createRequire(import.meta.url)('sharp') as Sharp;
  } catch (cause) {
    const message = 'decode_check: it needs the package sharp, which is not installed: npm install sharp';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { cause, issues: [message] });
  }
}
