/** What XML begins with. Apart from what reads it, which is loaded when there is some. */

/** Its first element, or what says which that is. */
const PAGE = /^\s*(?:<[?!](?!doctype html)[^<]*)*<(?:!doctype html|html|head|body|script)[\s>]/i;

/** Whether bytes begin as XML does, and not as a page. */
export function isXml(head: Buffer): boolean {
  const start = head
    .toString('latin1', 0, 1024)
    .replaceAll('\0', '')
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '');
  return /^\s*<[?!a-z_]/i.test(start) && !PAGE.test(start);
}
