/** The end of a run, as others are told of it. */
import { isFlowDcError } from '../../errors.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { shortened } from '../../short-text.ts';
import { withoutUsers } from '../../without-secrets.ts';

/** What a hook is told, as JSON. */
export interface EndWords {
  readonly command: 'download' | 'submit';
  readonly output: string;
  readonly state: 'finished' | 'interrupted' | 'failed';
  readonly summary?: (Omit<JobSummary, 'stopped'> & { readonly stopped?: string | undefined }) | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** How a run ended, from what it gave or threw, or both. */
export function endWords(
  command: EndWords['command'],
  output: string,
  { summary, error }: { readonly summary?: JobSummary | undefined; readonly error?: unknown },
): EndWords {
  const told = summary && { ...summary, stopped: summary.stopped?.message };
  if (error === undefined)
    return { command, output, state: summary?.complete === true ? 'finished' : 'interrupted', summary: told };
  const code = isFlowDcError(error) ? error.code : 'FDC_ERR_INTERNAL';
  const message = shortened(withoutUsers(error instanceof Error ? error.message : String(error)), 2000);
  const state = code === 'FDC_ERR_INTERRUPTED' ? 'interrupted' : 'failed';
  return { command, output, state, summary: told, error: { code, message } };
}
