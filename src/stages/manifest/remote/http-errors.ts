/** What is wrong with a manifest's server, in one line that names the fix. */
import { FlowDcError } from '../../../errors.ts';
import { shownUrl } from '../../../host/remote-url.ts';
import { AddressRefusedError } from '../../../network/connector.ts';
import { LookupError } from '../../../network/resolver.ts';
import { PassingFault } from './remote-file.ts';

/** FDC_ERR_MANIFEST_NOT_FOUND. */
export function refusal(named: URL, what: string, advice?: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${shownUrl(named.href)} ${what}`, {
    advice: advice === undefined ? '' : `; ${advice}`,
  });
}

/** FDC_ERR_MANIFEST_FORMAT for a page in place of the file. */
export function pageInstead(named: URL): FlowDcError {
  const file = fileBehindPage(named);
  return new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${shownUrl(named.href)} is an HTML page, not a manifest`, {
    advice: file === undefined ? '; name the address of the file itself, or log in' : `; name the file itself: ${file}`,
  });
}

const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What a reply means that brings no bytes. @param retryAfter - the header of that name */
export function statusError(named: URL, status: number, retryAfter: string | undefined): Error {
  if (PASSING.has(status)) {
    const seconds = Number(retryAfter);
    const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
    return new PassingFault(`HTTP status ${status}`, { retryAfterMs });
  }
  const http = `(HTTP ${status})`;
  switch (status) {
    case 401:
    case 407:
      return refusal(
        named,
        `wants a login ${http}`,
        'write user:password@ before the host, or a header for this host under "hosts" of the configuration',
      );
    case 403:
      return refusal(
        named,
        `is refused ${http}`,
        'a signed link may have expired; a header for this host can stand under "hosts" of the configuration',
      );
    case 404:
    case 410: {
      const file = fileBehindPage(named);
      return refusal(
        named,
        `does not exist ${http}`,
        file === undefined ? 'check the address' : `did you mean ${file}?`,
      );
    }
    default:
      return refusal(named, `cannot be read ${http}`, 'check the address');
  }
}

/** What a request means that got no reply. */
export function unreachable(named: URL, error: unknown): Error {
  if (error instanceof PassingFault) return error;
  const { message = '', code = '' } = error as { message?: string; code?: string };
  if (error instanceof AddressRefusedError) return refusal(named, `leads to a guarded address: ${message}`);
  if (error instanceof LookupError && error.code === 'dns_not_found')
    return new PassingFault(message, { cause: error });
  if (isTlsRefusal(code, message))
    return refusal(
      named,
      `has a certificate that cannot be trusted (${code || message})`,
      'trust its authority with --ca-file FILE, or check nothing with --insecure',
    );
  return new PassingFault(code === 'ECONNREFUSED' ? 'connection refused' : message.split('\n', 1)[0] || code, {
    cause: error,
  });
}

function isTlsRefusal(code: string, message: string): boolean {
  return (
    /^(ERR_TLS_CERT|CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER))/.test(code) ||
    /certificate|wrong version number/i.test(message)
  );
}

/** Where the file itself is, for addresses of pages that only show it; undefined for others. */
function fileBehindPage(url: URL): string | undefined {
  const { hostname, pathname } = url;
  const [, owner, name, rest] = /^\/([^/]+)\/([^/]+)\/blob\/(.+)$/.exec(pathname) ?? [];
  if (/^(www\.)?github\.com$/.test(hostname) && rest !== undefined)
    return `https://raw.githubusercontent.com/${owner}/${name}/${rest}`;
  if (/^(www\.)?(huggingface\.co|hf\.co)$/.test(hostname) && pathname.includes('/blob/'))
    return `https://huggingface.co${pathname.replace('/blob/', '/resolve/')}`;
  if (pathname.includes('/-/blob/')) return `${url.origin}${pathname.replace('/-/blob/', '/-/raw/')}`;
  if (/(^|\.)dropbox\.com$/.test(hostname) && url.searchParams.get('dl') !== '1')
    return `${url.origin}${pathname}?dl=1`;
  return undefined;
}
