/**
 * What a body really is, by its bytes. The reply's Content-Type is only believed where bytes cannot tell: error pages
 * are served as image/jpeg, images as application/octet-stream. No image is believed without its signature.
 */
import type { ImageFormat } from '../../../image/image-format.ts';
import type { ImageFacts } from '../../../image/image-reader.ts';
import { hasTextHead, type MediaType, mediaSignature } from './media-signature.ts';
import { textKind } from './text-kind.ts';

export interface ContentKind extends MediaType {
  /** image, audio, video or other */
  readonly isMedia: boolean;
}

/** Sound and video without a signature, by what servers call them. */
const BY_HEADER: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/aac': 'aac',
  'audio/basic': 'au',
  'video/mp2t': 'ts',
  'video/mpeg': 'mpg',
};

/** Raw photos that are TIFFs to everybody but their camera's maker. */
const RAW_TIFFS: Readonly<Record<string, string>> = {
  'image/x-adobe-dng': 'dng',
  'image/x-canon-cr2': 'cr2',
  'image/x-nikon-nef': 'nef',
  'image/x-sony-arw': 'arw',
};

const MEDIA = /^(image|audio|video)\//;

/**
 * An image behind other bytes is the body's own only if those are nothing that holds images: a sound with its cover, a
 * page about image formats.
 */
export function ownImage(image: ImageFacts | undefined, head: Buffer): ImageFacts | undefined {
  if (image === undefined || (image.before === 0 && image.wholeness === 'whole')) return image;
  if (textKind(head) !== undefined) return undefined;
  return image.before === 0 || mediaSignature(head) === undefined ? image : undefined;
}

/**
 * @param image - the body's own
 * @param head - the first bytes of the body, up to SNIFF_BYTES
 * @param header - the reply's Content-Type, if any
 */
export function contentKind(image: ImageFacts | undefined, head: Buffer, header: string | undefined): ContentKind {
  const declared = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (image !== undefined) return imageKind(image, declared);
  const text = textKind(head);
  const found = mediaSignature(head);
  // Letters are a word at the beginning of a text, but for kinds whose head is text itself.
  if (found !== undefined && (text === undefined || !MEDIA.test(found.contentType) || hasTextHead(head)))
    return { ...found, isMedia: MEDIA.test(found.contentType) };
  if (text === 'svg') return { contentType: 'image/svg+xml', extension: 'svg', isMedia: true };
  if (text !== undefined)
    return { contentType: text === 'html' ? 'text/html' : `text/${text}`, extension: text, isMedia: false };
  const extension = BY_HEADER[declared];
  if (extension !== undefined) return { contentType: declared, extension, isMedia: true };
  if (isTga(head)) return { contentType: 'image/x-tga', extension: 'tga', isMedia: declared.startsWith('image/') };
  return {
    contentType: declared || 'application/octet-stream',
    extension: 'bin',
    isMedia: /^(audio|video)\//.test(declared),
  };
}

/** An animated PNG is a PNG here. */
const KINDS: Readonly<Record<ImageFormat, ContentKind>> = {
  jpeg: { contentType: 'image/jpeg', extension: 'jpg', isMedia: true },
  png: { contentType: 'image/png', extension: 'png', isMedia: true },
  gif: { contentType: 'image/gif', extension: 'gif', isMedia: true },
  webp: { contentType: 'image/webp', extension: 'webp', isMedia: true },
  bmp: { contentType: 'image/bmp', extension: 'bmp', isMedia: true },
  tiff: { contentType: 'image/tiff', extension: 'tif', isMedia: true },
  avif: { contentType: 'image/avif', extension: 'avif', isMedia: true },
  heic: { contentType: 'image/heic', extension: 'heic', isMedia: true },
  ico: { contentType: 'image/x-icon', extension: 'ico', isMedia: true },
  icns: { contentType: 'image/icns', extension: 'icns', isMedia: true },
};

/** @param declared - tells kinds of TIFF apart, and nothing else */
export function imageKind({ format }: Pick<ImageFacts, 'format'>, declared = ''): ContentKind {
  const raw = format === 'tiff' ? RAW_TIFFS[declared] : undefined;
  return raw === undefined ? KINDS[format] : { contentType: declared, extension: raw, isMedia: true };
}

/** A TGA has no signature in front: its header must make sense. */
function isTga(head: Buffer): boolean {
  if (head.length <= 18) return false;
  const [, hasPalette = 2, kind = 0] = head;
  const isKind = [1, 2, 3, 9, 10, 11].includes(kind) && hasPalette < 2;
  const isSized = head.readUInt16LE(12) > 0 && head.readUInt16LE(14) > 0;
  return isKind && isSized && [8, 15, 16, 24, 32].includes(head[16] as number);
}
