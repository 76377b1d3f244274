import { describe, expect, it } from 'vitest';
import type { RowRequest } from '../../../src/stages/fetch/fetch-rows.ts';
import { fetchFrom, type Hosts, type Result } from './fetching.ts';

const URLS = ['http://a.test/1.jpg'];
const RANGE: RowRequest = { wants: 'headers', headers: { range: 'bytes=0-0' } };

async function asked(request: RowRequest, hosts: Hosts = {}): Promise<Result> {
  const { results } = await fetchFrom(hosts, URLS, { request: () => request, maxAttempts: 1 });
  return results[0] as Result;
}

describe('a row of fetchRows that wants headers only', () => {
  it('gets size and type by HEAD, and no body', async () => {
    const [plain, head] = [await asked({}), await asked({ wants: 'head' })];
    expect(head).toMatchObject({
      status: 'fetched',
      httpStatus: 200,
      announced: { bytes: plain.bytes, contentType: 'image/jpeg' },
      bytes: 0,
    });
    expect(head.body).toBeUndefined();
  });

  it('gets the size of the whole from the range of one byte', async () => {
    expect((await asked(RANGE)).announced?.bytes).toBe((await asked({})).bytes);
    expect((await asked(RANGE)).httpStatus).toBe(206);
  });

  it('gets the size of a reply that ignores the range, without reading 10 GB', async () => {
    const reply = await asked(RANGE, { 'a.test': [{ kind: 'endless' }] });
    expect(reply).toMatchObject({ httpStatus: 200, announced: { bytes: 10_000_000_000 } });
  });

  it('is told no size when the reply has none, or is encoded', async () => {
    expect((await asked({ wants: 'head' }, { 'a.test': [{ kind: 'chunked' }] })).announced?.bytes).toBeUndefined();
    expect((await asked({ wants: 'head' }, { 'a.test': [{ kind: 'gzip' }] })).announced?.bytes).toBeUndefined();
  });

  it('follows redirects, and fails, is skipped and is retried like any other row', async () => {
    expect(await asked({ wants: 'head' }, { 'a.test': [{ kind: 'redirect', to: 'same-host' }] })).toMatchObject({
      status: 'fetched',
    });
    expect(await asked({ wants: 'head' }, { 'a.test': [{ kind: 'head-status', status: 405 }] })).toMatchObject({
      code: 'http_405',
    });
    expect(await asked(RANGE, { 'a.test': [{ kind: 'robots-tag', value: 'noai' }] })).toMatchObject({
      status: 'skipped',
      code: 'robots_tag',
    });
    const { results } = await fetchFrom({ 'a.test': [{ kind: 'status', status: 500 }] }, URLS, {
      request: () => ({ wants: 'head' }),
      maxAttempts: 2,
    });
    expect(results[0]).toMatchObject({ code: 'http_500', attempts: 2 });
  });
});
