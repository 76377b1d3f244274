/** How a row ends whose URL cannot be requested at all. */
import { hostOf, parseUrl } from '../../host/host.ts';
import type { RowEnd } from './fetch-task.ts';

/** How a row ends whose URL cannot be requested at all. */
export function refusedUrl(url: string): RowEnd {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const isOther = scheme !== undefined && scheme !== 'http' && scheme !== 'https' && parseUrl(url) !== undefined;
  return {
    status: 'failed',
    code: isOther ? 'unsupported_scheme' : 'invalid_url',
    message: isOther
      ? `${scheme}: URLs cannot be fetched`
      : url === ''
        ? 'the URL is empty'
        : 'the URL cannot be parsed',
    host: hostOf(url),
    attempts: 0,
    reservedBytes: 0,
  };
}
