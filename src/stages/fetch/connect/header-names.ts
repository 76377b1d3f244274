/** The headers of a reply that anything is done with. */

/** By what is made of them, or asked of a body. */
export const READ_HEADERS: readonly string[] = [
  'etag',
  'location',
  'retry-after',
  'content-type',
  'x-robots-tag',
  'content-range',
  'last-modified',
  'content-length',
  'content-encoding',
  'transfer-encoding',
];
/** Looked at where a reply leads elsewhere. */
export const SET_COOKIE = 'set-cookie';
/** By the connection. */
export const CONNECTION_HEADERS: readonly string[] = ['connection', 'keep-alive'];
