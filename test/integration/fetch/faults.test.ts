import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../../src/demo-hosts/behaviour.ts';
import { fetchFrom, summary, urlsOf } from './fetching.ts';

describe('a row that meets', () => {
  const FAULTS: readonly [string, readonly Behaviour[], string][] = [
    ['no fault', [], 'fetched 1'],
    ['404', [{ kind: 'status', status: 404 }], 'failed http_404 1'],
    ['403', [{ kind: 'status', status: 403 }], 'failed http_403 1'],
    ['500', [{ kind: 'status', status: 500 }], 'failed http_500 3'],
    ['503 without Retry-After', [{ kind: 'status', status: 503 }], 'failed http_503 3'],
    ['408', [{ kind: 'status', status: 408 }], 'failed http_408 3'],
    ['304', [{ kind: 'status', status: 304 }], 'failed http_304 1'],
    ['a cut body', [{ kind: 'truncated' }], 'failed truncated 3'],
    ['a reset in the body', [{ kind: 'reset-mid-body' }], 'failed truncated 3'],
    ['a reset before the reply', [{ kind: 'reset-before-headers' }], 'failed reset 3'],
    ['a page in place of the image', [{ kind: 'html' }], 'failed not_media 1'],
    ['an empty body', [{ kind: 'empty' }], 'failed empty_body 3'],
    ['noai', [{ kind: 'robots-tag', value: 'noai' }], 'skipped robots_tag 1'],
    ['noindex for another agent', [{ kind: 'robots-tag', value: 'googlebot: noindex' }], 'fetched 1'],
    ['gzip that nobody asked for', [{ kind: 'gzip' }], 'fetched 1'],
    ['no Content-Length', [{ kind: 'chunked' }], 'fetched 1'],
    ['a redirect', [{ kind: 'redirect', to: 'same-host', hops: 3 }], 'fetched 1'],
    ['a redirect in raw UTF-8', [{ kind: 'redirect', to: 'relative-utf8' }], 'fetched 1'],
    ['a redirect to nowhere', [{ kind: 'redirect', to: 'nowhere' }], 'failed bad_redirect 1'],
    ['a redirect in a circle', [{ kind: 'redirect', to: 'loop' }], 'failed too_many_redirects 1'],
  ];

  it.for(FAULTS)('%s ends with its code, after as many attempts as it deserves', async ([, behaviours, expected]) => {
    const { results, stage } = await fetchFrom({ 'h.test': behaviours }, urlsOf('h.test', 3));
    expect(summary(results)).toEqual({ [expected]: 3 });
    expect(stage.stats()).toMatchObject({ inFlight: 0, queued: 0, bodyBytesHeld: 0 });
  });
});

describe('URLs that cannot be fetched', () => {
  it('end at once, without a request', async () => {
    const { results, origin } = await fetchFrom({}, [
      '',
      'no url',
      'http://',
      'http://exa mple/',
      'ftp://h.test/a',
      'data:image/png;base64,AAAA',
      'file:///etc/passwd',
      'http://h.test:99999/',
    ]);
    expect(results.map(({ code }) => code)).toEqual([
      'invalid_url',
      'invalid_url',
      'invalid_url',
      'invalid_url',
      'unsupported_scheme',
      'unsupported_scheme',
      'unsupported_scheme',
      'invalid_url',
    ]);
    expect(origin.stats().size).toBe(0);
  });

  it('may have credentials that are badly escaped, and are fetched all the same', async () => {
    const { results } = await fetchFrom({}, ['http://100%:p@h.test/a.jpg']);
    expect(summary(results)).toEqual({ 'fetched 1': 1 });
  });
});

describe('a row that failed', () => {
  it('is tried again, and may succeed', async () => {
    const { results, origin } = await fetchFrom(
      { 'h.test': [{ kind: 'status', status: 500, share: 0.5, per: 'request' }] },
      urlsOf('h.test', 60),
      { maxAttempts: 10 },
    );
    expect(results.filter(({ status }) => status === 'fetched').length).toBeGreaterThan(55);
    const attempts = results.reduce((sum, result) => sum + result.attempts, 0);
    expect(origin.stats().get('h.test')?.requests).toBe(attempts);
  });

  it('is not tried again when one attempt was asked for', async () => {
    const { results } = await fetchFrom({ 'h.test': [{ kind: 'status', status: 500 }] }, urlsOf('h.test', 2), {
      maxAttempts: 1,
    });
    expect(summary(results)).toEqual({ 'failed http_500 1': 2 });
  });
});

describe('a header of the row’s own', () => {
  it('that cannot be sent fails that row only, without a request', async () => {
    const { results, origin } = await fetchFrom({}, urlsOf('h.test', 4), {
      request: (row) => ({ headers: row.url.endsWith('/0.jpg') ? { 'x-bad': 'a\r\nb: c' } : { 'x-good': '1' } }),
    });
    expect(summary(results)).toEqual({ 'failed invalid_url 1': 1, 'fetched 1': 3 });
    expect(origin.stats().get('h.test')?.requests).toBe(3);
  });
});

describe('a function of the caller that throws', () => {
  it('ends the stage with its error instead of the process', async () => {
    const broken = fetchFrom({}, urlsOf('h.test', 2), {
      url: () => {
        throw new Error('no such column');
      },
    });
    await expect(broken).rejects.toThrow('no such column');
  });
});
