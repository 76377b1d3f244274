/**
 * The first picture of a manifest of the IIIF Presentation API, versions 2 and 3, as its JSON says it. Pure; whatever is
 * not where it belongs is not there.
 */

/** Of most manifests some KB; of a long book some MB. */
export const MAX_MANIFEST_BYTES = 4 * 1_048_576;
/** `…/manifest`, `…/manifest.json`: what such URLs end in nearly everywhere. */
const MANIFEST = /^https?:\/\/.+\/manifest(?:\.json)?(?:\?.*)?$/i;

export interface FirstPicture {
  /** Where its service answers; else the picture itself. */
  readonly service: string | undefined;
  readonly picture: string | undefined;
  /** How many pages the manifest has. */
  readonly pages: number;
}

export function isIiifManifest(url: string): boolean {
  return MANIFEST.test(url);
}

/** @returns undefined for what is no manifest, or one without pictures */
export function firstPicture(text: string): FirstPicture | undefined {
  const manifest = parsed(text);
  const pages = listOf(manifest, 'items') ?? listOf(listOf(manifest, 'sequences')?.[0], 'canvases') ?? [];
  const [page] = pages;
  // Version 3: canvas, page of annotations, annotation, body; version 2: canvas, annotation, resource.
  const annotation = listOf(listOf(page, 'items')?.[0], 'items')?.[0] ?? listOf(page, 'images')?.[0];
  const picture = alternative(member(annotation, 'body') ?? member(annotation, 'resource'));
  const service = [member(picture, 'service')].flat()[0];
  const found = { service: idOf(service), picture: idOf(picture), pages: pages.length };
  return found.service === undefined && found.picture === undefined ? undefined : found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of a choice, the one that is shown first. */
function alternative(body: unknown): unknown {
  const one = [body].flat()[0];
  return listOf(one, 'items')?.[0] ?? member(one, 'default') ?? one;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] | undefined {
  const list = member(value, name);
  return Array.isArray(list) ? list : undefined;
}

function idOf(value: unknown): string | undefined {
  const id = member(value, 'id') ?? member(value, '@id');
  return typeof id === 'string' && /^https?:\/\//i.test(id) ? id.replace(/\/+$/, '') : undefined;
}
