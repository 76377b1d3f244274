/** The end of a run in a few lines. */
import { count } from '../../format.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { codeLines, headLines } from '../../report/head-lines.ts';

/** The end of a run in a few lines: the head of what `report` says of its folder. */
export function summaryLines(summary: JobSummary): string[] {
  const { rows, out, complete, before } = summary;
  if (complete && before.rows === rows && rows > 0)
    return [`nothing to do: all ${count(rows)} rows of ${out} are settled`, ...codeLines(summary)];
  return headLines({ ...summary, outs: [out] });
}
