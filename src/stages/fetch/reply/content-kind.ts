/**
 * What a body really is, by its bytes. The reply's Content-Type is only believed where bytes have no signature: error
 * pages are served as image/jpeg, images as application/octet-stream.
 */
import type { FileTypeResult } from 'file-type';

export interface ContentKind {
  readonly contentType: string;
  /** Without dot. */
  readonly extension: string;
  /** image, audio, video or other */
  readonly isMedia: boolean;
}

/** Enough for every signature that file-type knows. */
export const SNIFF_BYTES = 4100;

/** Media types without a signature, by what servers call them. */
const BY_HEADER: Readonly<Record<string, string>> = {
  'image/svg+xml': 'svg',
  'image/x-icon': 'ico',
  'image/x-portable-pixmap': 'ppm',
  'image/x-tga': 'tga',
  'image/x-adobe-dng': 'dng',
  'audio/mpeg': 'mp3',
  'audio/basic': 'au',
  'video/mp2t': 'ts',
  'video/mpeg': 'mpg',
};

/**
 * For whatever `commonImage` does not know.
 * @param head - the first bytes of the body, up to SNIFF_BYTES
 * @param header - the reply's Content-Type, if any
 */
export async function contentKind(head: Uint8Array, header: string | undefined): Promise<ContentKind> {
  const declared = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const found = await signature(head);
  if (found !== undefined && found.mime !== 'application/xml') {
    return { contentType: found.mime, extension: found.ext, isMedia: /^(image|audio|video)\//.test(found.mime) };
  }
  const text = textKind(head);
  if (text === 'svg') return { contentType: 'image/svg+xml', extension: 'svg', isMedia: true };
  if (text !== undefined)
    return { contentType: text === 'html' ? 'text/html' : `text/${text}`, extension: text, isMedia: false };
  const extension = BY_HEADER[declared];
  if (extension !== undefined) return { contentType: declared, extension, isMedia: true };
  return {
    contentType: declared || 'application/octet-stream',
    extension: 'bin',
    isMedia: /^(image|audio|video)\//.test(declared),
  };
}

/**
 * The general matcher trusts lengths inside the bytes and throws on absurd ones; then there is no signature worth the
 * name.
 */
async function signature(head: Uint8Array): Promise<FileTypeResult | undefined> {
  // Loaded for the first body that needs it: most runs never see one.
  const { fileTypeFromBuffer } = await import('file-type');
  return fileTypeFromBuffer(head).catch(() => undefined);
}

const JPEG: ContentKind = { contentType: 'image/jpeg', extension: 'jpg', isMedia: true };
const PNG: ContentKind = { contentType: 'image/png', extension: 'png', isMedia: true };
const GIF: ContentKind = { contentType: 'image/gif', extension: 'gif', isMedia: true };
const WEBP: ContentKind = { contentType: 'image/webp', extension: 'webp', isMedia: true };

/**
 * The four types that nearly every image dataset consists of, without the general matcher. An animated PNG is a PNG
 * here.
 */
export function commonImage(b: Uint8Array): ContentKind | undefined {
  if (b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff && b[3] !== 0xf7) return JPEG;
  if (b[0] === 0x47 && b[1] === 0x49 && b[2] === 0x46 && b[3] === 0x38) return GIF;
  if (b[0] === 0x89 && b[1] === 0x50 && b[2] === 0x4e && b[3] === 0x47) return PNG;
  const riff = b[0] === 0x52 && b[1] === 0x49 && b[2] === 0x46 && b[3] === 0x46;
  if (riff && b[8] === 0x57 && b[9] === 0x45 && b[10] === 0x42 && b[11] === 0x50) return WEBP;
  return undefined;
}

/** Text that poses as media: a page, an XML or JSON error, a plain message. Undefined for anything binary. */
function textKind(head: Uint8Array): 'html' | 'svg' | 'xml' | 'json' | 'plain' | undefined {
  const text = readableText(head)?.trimStart().toLowerCase();
  if (text === undefined || text === '') return undefined;
  if (/<(html|head|body)[\s>]/.test(text) || text.startsWith('<!doctype html')) return 'html';
  if (/^<(\?xml|!--|!doctype svg|svg)/.test(text) && /<svg[\s>]/.test(text)) return 'svg';
  if (text.startsWith('<?xml')) return 'xml';
  return /^[[{]\s*["{[\]}]/.test(text) ? 'json' : 'plain';
}

/** UTF-8 without control characters other than white space; a character cut off at the end is forgiven. */
function readableText(head: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text.
    return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
