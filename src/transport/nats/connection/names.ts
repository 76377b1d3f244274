/** How a job's things are called on the server. Everything is per job, so that jobs cannot see each other's units. */
import { FlowDcError } from '../../../errors.ts';
import type { UnitId } from '../../../record.ts';
import { UNIT_ID_PATTERN } from '../../../record-schema.ts';

const JOB_ID = /^[A-Za-z0-9_-]{1,32}$/;
const UNIT_ID = new RegExp(UNIT_ID_PATTERN);

/** The bucket with one entry per job: how jobs are found. */
export const JOBS_BUCKET = 'FD_jobs';
/**
 * The bucket of budgets that workers share per host, whatever their job: a host does not care which one a request
 * belongs to.
 */
export const HOSTS_BUCKET = 'FD_hosts';
/** The bucket of what hosts with a quota have given, for the same reason. */
export const QUOTAS_BUCKET = 'FD_quotas';
/** The durable consumer that all workers of a job share. */
export const CONSUMER = 'workers';
/** Key of the job's own entry in its state bucket. */
export const JOB_KEY = 'job';

export interface JobNames {
  readonly unitStream: string;
  readonly unitSubjects: string;
  readonly doneBucket: string;
  readonly stateBucket: string;
  readonly bodyStore: string;
  /** The subject of one unit. */
  subjectOf(unit: UnitId): string;
}

/** Errors: FDC_ERR_USAGE for an id that cannot be part of a subject. */
export function jobNames(job: string): JobNames {
  if (!JOB_ID.test(job)) {
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `Expected a job name of 1 to 32 letters, digits, - and _, got ${JSON.stringify(job)}`,
    );
  }
  return {
    unitStream: `FD_${job}_units`,
    unitSubjects: `fd.${job}.u.>`,
    doneBucket: `FD_${job}_done`,
    stateBucket: `FD_${job}_state`,
    bodyStore: `FD_${job}_bodies`,
    subjectOf: (unit) => `fd.${job}.u.${unit}`,
  };
}

/** The unit that a message's subject names; undefined when somebody else published there. */
export function unitOfSubject(subject: string): UnitId | undefined {
  const unit = subject.slice(subject.lastIndexOf('.') + 1);
  return UNIT_ID.test(unit) ? unit : undefined;
}

/** A worker's key in the state bucket: ids may hold characters that keys may not. */
export function workerKey(worker: string): string {
  return `w.${worker.replace(/[^A-Za-z0-9_-]/g, '_')}`;
}

/** A unit's key for what is counted about its attempts. */
export function attemptKey(unit: UnitId): string {
  return `att.${unit}`;
}
