import { describe, expect, it } from 'vitest';
import { formatStats, parseStats } from '../../../src/dataset/stats-file.ts';
import type { UnitRecord } from '../../../src/record.ts';

const record: UnitRecord = {
  ...{ unit: '000000-1a2b3c4d', token: 't', worker: 'local', rows: 2, stored: 1, failed: 1, skipped: 0, bytes: 10 },
  ...{ artifacts: [], errors: { http_404: 1 }, committedAtMs: 5000 },
};
const times = { queue: 1.5, headers: 2, body: 3, hash: 0.25, write: 4, commit: 5 };

describe('a stats file', () => {
  it('says when its unit was worked on and where the time went', () => {
    expect(parseStats(formatStats(record, { startedAtMs: 2000, elapsedMs: 3000 }, times).toString())).toEqual({
      startedAtMs: 2000,
      elapsedMs: 3000,
      times,
    });
  });

  it('of an earlier version is read without times', () => {
    const { times: _times, ...before } = JSON.parse(
      formatStats(record, { startedAtMs: 2000, elapsedMs: 3000 }, times).toString(),
    );
    expect(parseStats(JSON.stringify(before))).toEqual({ startedAtMs: 2000, elapsedMs: 3000 });
  });

  it.for(['', 'null', '{}', '{"format":"flow-dc-stats-1"}', '[]'])('is refused when it is %j', (text) => {
    expect(() => parseStats(text)).toThrow();
  });
});
