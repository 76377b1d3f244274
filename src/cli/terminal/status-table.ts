/** A job's report for people. */
import type { JobReport } from '../../cluster/job-report.ts';
import { byteSize, count, percent } from '../../format.ts';

/** More hosts than this are in --json. */
const HOSTS_SHOWN = 12;

/** A job's report for people. */
export function statusLines({
  job,
  state,
  out,
  units,
  rows,
  bytes,
  rowsPerSecond,
  workers,
  hosts,
}: JobReport): string[] {
  const { total, committed, inFlight, waiting } = units;
  const share = total === undefined || total === 0 ? '' : ` of ${count(total)} (${percent(committed / total)})`;
  return [
    `job ${job}: ${state}`,
    `  output   ${out}`,
    `  units    ${count(committed)}${share} done, ${count(inFlight)} worked on, ${count(waiting)} waiting`,
    `  rows     ${count(rows.settled)} settled: ${count(rows.stored)} stored, ${count(rows.failed)} failed, ` +
      `${count(rows.skipped)} skipped; ${byteSize(bytes)}`,
    `  rate     ${count(rowsPerSecond)} rows/s over ${count(workers.length)} workers`,
    ...workers.map(
      (worker) =>
        `  worker   ${worker.name}  ${worker.state}, ${count(worker.units.length)} units, ` +
        `${count(worker.rowsDone)} rows, ${count(worker.rowsPerSecond)} rows/s`,
    ),
    ...hosts
      .slice(0, HOSTS_SHOWN)
      .map(
        ({ host, inFlight: requests, limit, workers: from }) =>
          `  host     ${host}  ${count(requests)} of ${count(limit)} requests in flight from ${count(from)} ` +
          `${from === 1 ? 'worker' : 'workers'}`,
      ),
    ...(hosts.length > HOSTS_SHOWN ? [`  host     and ${count(hosts.length - HOSTS_SHOWN)} more`] : []),
  ];
}
