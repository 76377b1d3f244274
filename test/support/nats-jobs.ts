import { randomBytes } from 'node:crypto';
import type { JobDescription } from '../../src/transport/cluster.ts';

/** A name that no other test on the same server has. */
export function jobId(): string {
  return `t-${randomBytes(6).toString('hex')}`;
}

export function describeJob(changes: Partial<JobDescription> = {}): JobDescription {
  return { folderId: 'folder-1', out: '/data/out', settings: {}, version: '0.0.0', createdAtMs: Date.UTC(2026, 0, 1), ...changes };
}
