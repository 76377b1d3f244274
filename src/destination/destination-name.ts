/** What a destination is called, and what kind of destination that is. Pure: nothing is opened or looked at. */
import { FlowDcError } from '../errors.ts';
import { meansStore, parseStoreUrl, type StoreUrl } from '../store/store-url.ts';
import { visible } from '../visible.ts';

export type DestinationName =
  /** As it was given; not made absolute. */
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'store'; readonly url: StoreUrl }
  /** Nothing is kept. */
  | { readonly kind: 'none' }
  | { readonly kind: 'stdout' }
  /** A path that only the upload program understands. */
  | { readonly kind: 'tool'; readonly path: string };

const SUPPORTED = 'a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, none: or -';
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

/**
 * The kind of a destination. A path with a colon in it, such as `a:b`, is a folder; with `://` it never is.
 * @param tool - whether an upload program was named: then everything but a store, `none:` and `-` is a path of its own
 * Errors: FDC_ERR_CONFIG_INVALID for a URL that is no destination, with what to write instead where that can be told.
 */
export function parseDestination(text: string, tool = false): DestinationName {
  if (text === 'none:') return { kind: 'none' };
  if (text === '-') return { kind: 'stdout' };
  if (tool) return { kind: 'tool', path: text };
  if (meansStore(text)) return { kind: 'store', url: parseStoreUrl(text) };
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'folder', path: text };
  const instead = insteadOf(text, scheme);
  const message =
    `output ${JSON.stringify(visible(text))}: expected ` +
    (instead === undefined ? `${SUPPORTED}; ${scheme}:// is none of them` : instead);
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

/** What somebody who wrote this URL meant, as far as its host tells. */
function insteadOf(text: string, scheme: string): string | undefined {
  if (scheme === 'file') return `a path without ${scheme}://`;
  if ((scheme !== 'http' && scheme !== 'https') || !URL.canParse(text)) return undefined;
  const { hostname, pathname, origin } = new URL(text);
  const path = pathname.replace(/^\/+|\/+$/g, '');
  const ofHost = /^(.+)\.s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1];
  if (ofHost !== undefined) return `s3://${[ofHost, path].filter((part) => part !== '').join('/')}`;
  if (/^s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?$/.test(hostname)) return `s3://${path || 'BUCKET'}`;
  if (hostname === 'storage.googleapis.com') return `gs://${path || 'BUCKET'}`;
  const ofGoogle = /^(.+)\.storage\.googleapis\.com$/.exec(hostname)?.[1];
  if (ofGoogle !== undefined) return `gs://${[ofGoogle, path].filter((part) => part !== '').join('/')}`;
  return `s3://${path || 'BUCKET'} with --s3-endpoint ${origin} for a store there`;
}
