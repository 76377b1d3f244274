import { describe, expect, it } from 'vitest';
import { HostManners } from '../../../src/estimate/host-manners.ts';
import type { RowCode } from '../../../src/row-codes.ts';

const sized = (bytes?: number, contentType = 'image/jpeg') =>
  ({ status: 'fetched', bytes: 0, announced: { contentType, ...(bytes === undefined ? {} : { bytes }) } }) as const;
const failed = (code: RowCode) => ({ status: 'failed', code, bytes: 0 }) as const;

function manners(): HostManners {
  return new HostManners({ maxBytes: 1000, expectContent: 'media' });
}

describe('HostManners', () => {
  it('checks the first two answers to HEAD with a GET, then every tenth', () => {
    const host = manners();
    const verdicts = Array.from({ length: 20 }, () => 'next' in host.judge('head', sized(10)));
    expect(verdicts.flatMap((isChecked, at) => (isChecked ? [at + 1] : []))).toEqual([1, 2, 10, 20]);
  });

  it('believes HEAD no more once GET says something else, or refuses', () => {
    for (const answer of [sized(11), failed('http_404')]) {
      const host = manners();
      host.judge('range', answer, 10);
      expect([host.isLiar, host.first]).toEqual([true, 'range']);
    }
  });

  it('keeps believing a HEAD that GET confirms, or whose check met a passing fault', () => {
    const host = manners();
    expect(host.judge('range', sized(10), 10)).toEqual({ outcome: { kind: 'sized', bytes: 10 } });
    host.judge('range', failed('http_503'), 10);
    expect([host.isLiar, host.first]).toEqual([false, 'head']);
  });

  it('asks by GET when HEAD is refused, and gives HEAD up after two refusals without a useful answer', () => {
    const host = manners();
    expect(host.judge('head', failed('http_405'))).toEqual({ next: 'range' });
    expect(host.first).toBe('head');
    expect(host.judge('head', sized(undefined))).toEqual({ next: 'range' });
    expect(host.first).toBe('range');
  });

  it.each([
    [sized(undefined), 'no header tells the size'],
    [sized(0), 'it is said to be empty'],
    [sized(50, 'text/html'), 'a page stands in place of the image'],
    [failed('http_416'), 'the first byte does not exist'],
  ])('reads the whole body when after GET %j: %s', (answer, _why) => {
    expect(manners().judge('range', answer)).toEqual({ next: 'whole' });
  });

  it('tells what is gone for good from what may come back', () => {
    expect(manners().judge('range', failed('http_404'))).toEqual({ outcome: { kind: 'failed', code: 'http_404' } });
    expect(manners().judge('range', failed('timeout_headers'))).toEqual({
      outcome: { kind: 'unresolved', code: 'timeout_headers' },
    });
    expect(manners().judge('head', failed('dns_not_found'))).toEqual({
      outcome: { kind: 'failed', code: 'dns_not_found' },
    });
    expect(manners().judge('range', sized(1001))).toEqual({ outcome: { kind: 'failed', code: 'too_large' } });
  });
});
