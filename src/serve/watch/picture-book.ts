/** The last pictures that were stored, in bounded memory; only what is one by its first bytes, and browsers can show. */
import { type ImageFormat, imageFormat } from '../../image/image-format.ts';
import { subscribe } from '../../telemetry/channels.ts';
import type { Picture } from './served-state.ts';

const MAX_PICTURES = 24;

/** No SVG: that is a page, with scripts. */
const TYPES: Readonly<Partial<Record<ImageFormat, string>>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
};

export class PictureBook {
  readonly #pictures = new Map<number, Picture>();
  readonly #unsubscribe: () => void;
  #next = 1;

  constructor() {
    this.#unsubscribe = subscribe('flow-dc:picture', ({ bytes }) => this.#add(bytes));
  }

  /** Newest first. */
  get numbers(): readonly number[] {
    return [...this.#pictures.keys()].reverse();
  }

  picture(number: number): Picture | undefined {
    return this.#pictures.get(number);
  }

  close(): void {
    this.#unsubscribe();
  }

  #add(bytes: Uint8Array): void {
    const format = imageFormat(bytes);
    const type = format && TYPES[format];
    if (type === undefined) return;
    this.#pictures.set(this.#next, { type, bytes });
    this.#next += 1;
    if (this.#pictures.size > MAX_PICTURES) this.#pictures.delete(this.#pictures.keys().next().value as number);
  }
}
