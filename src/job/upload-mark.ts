/** What a job writes where a program uploads to, so that other jobs see it there. */
import type { JobMark } from '../destination/destination.ts';
import { describeThisProcess, isGone, nameOf, parseHolder } from './lock-holder.ts';

/** @param goesOn - the job's work does not end with this process: others are at it */
export function uploadMark(id: string, goesOn: boolean): JobMark {
  return { id, content: `${JSON.stringify({ ...describeThisProcess(), goesOn })}\n`, judge };
}

function judge(content: string): ReturnType<JobMark['judge']> {
  const holder = parseHolder(content);
  if (holder === 'unreadable') return { who: 'which cannot be named', isGone: false };
  const goesOn = (holder as { readonly goesOn?: unknown }).goesOn === true;
  return {
    who: goesOn ? `with workers, submitted by ${nameOf(holder)}` : nameOf(holder),
    isGone: !goesOn && isGone(holder),
  };
}
