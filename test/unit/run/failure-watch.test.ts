import { describe, expect, it } from 'vitest';
import type { FlowDcError } from '../../../src/errors.ts';
import { FailureWatch } from '../../../src/run/failure-watch.ts';
import { publish } from '../../../src/telemetry/channels.ts';

function watching(stopAboveFailureRate: number, stopAfterRows: number) {
  const stopped: FlowDcError[] = [];
  const watch = new FailureWatch({ stopAboveFailureRate, stopAfterRows }, (error) => stopped.push(error));
  return { watch, stopped };
}

function tell(rows: number, host: string, code?: 'http_403' | 'dns_error'): void {
  for (let row = 0; row < rows; row++)
    publish('flow-dc:row', () => ({ host, status: code === undefined ? 'fetched' : 'failed', code, bytes: 1 }));
}

describe('a run of which too much fails', () => {
  it('is stopped once, when enough rows are settled, naming codes, hosts, the likely cause and what to do', () => {
    const { watch, stopped } = watching(0.5, 100);
    const end = watch.listen();
    tell(60, 'a.test', 'http_403');
    tell(39, 'b.test');
    expect(stopped).toEqual([]);
    tell(1, 'b.test', 'dns_error');
    expect(stopped[0]).toMatchObject({ code: 'FDC_ERR_FAILURE_RATE' });
    expect(stopped[0]?.message).toMatch(
      /^stopped: 61\.0 % of 100 rows failed: 60 http_403, 1 dns_error; at a\.test \(60 of 60\), b\.test \(1 of 40\); http_403: .*refuses programs.*the same command goes on, perhaps with --contact/,
    );
    tell(100, 'a.test', 'http_403');
    end();
    expect(stopped).toHaveLength(1);
  });

  it('goes on below the share, and above it while there are few rows', () => {
    const { watch, stopped } = watching(0.5, 1000);
    watch.note(999, { http_404: 999 });
    expect(stopped).toEqual([]);
    watch.note(2000, {});
    expect(stopped).toEqual([]);
  });

  it('counts what others have settled by their records, without rows that were left out', () => {
    const { watch, stopped } = watching(0.5, 10);
    watch.noteRecord({ rows: 10, failed: 4, errors: { http_500: 4, robots_tag: 6 } });
    expect(stopped).toEqual([]);
    watch.noteRecord({ rows: 10, failed: 8, errors: { http_500: 8, host_skipped: 2 } });
    expect(stopped[0]?.message).toContain('60.0 % of 20 rows failed: 12 http_500');
  });

  it('listens to nobody where it never stops', () => {
    const { watch } = watching(1, 1);
    watch.listen();
    tell(3, 'a.test', 'http_403');
    watch.note(1, { http_403: 1 });
    expect(watch.error).toBeUndefined();
  });
});
