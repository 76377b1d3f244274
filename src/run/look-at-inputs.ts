/** The manifests of a finished dataset are looked at before a second run of it changes anything. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { readParts } from '../job/extensions.ts';
import { identityOf } from '../job/identity.ts';
import { changedInput, requireRows } from '../job/open-job.ts';
import type { FinishedJob } from './extend-job.ts';
import { openJobInput } from './open-job-input.ts';
import { compared } from './other-input.ts';
import { placeFor } from './place.ts';
import { openEarlier } from './row-sources.ts';
import type { Place } from './run-place.ts';

/** Rows of a dataset. @returns whether there are any from `firstRow` on and before `endRow` */
export type NeededRows = (firstRow: number, endRow: number) => boolean;

interface LookOptions {
  /** Configuration keys that somebody gave. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  /** Rows that will be read; without it, none of the manifests before the last one. */
  readonly rows?: NeededRows | undefined;
}

/** Errors: what a run would refuse them with: FDC_ERR_JOB_MISMATCH, and those of openJobInput. */
export async function lookAtInputs(job: FinishedJob, asked: ResolvedConfig, options: LookOptions): Promise<void> {
  const place = await placeFor(asked, job.out, systemClock);
  try {
    const config = (await place.asBegun?.(options.settings)) ?? asked;
    await lookAtLast(job, config, place, options.signal);
    for (const part of (await readParts(job.state)).slice(0, -1)) {
      if (options.rows?.(part.firstRow, part.firstRow + part.rows) !== true) continue;
      await (await openEarlier(part, { config, pipe: place.pipe, signal: options.signal })).close();
    }
  } finally {
    await place.close();
  }
}

async function lookAtLast(job: FinishedJob, config: ResolvedConfig, place: Place, signal: AbortSignal): Promise<void> {
  const input = await openJobInput(config, undefined, signal, place.pipe, await place.numbered?.());
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-look-'));
  try {
    const contentOf = (name: string): Promise<string> => input.contentOf(name);
    const other = await changedInput(job.out, job, identityOf(config, input.info), contentOf);
    if (other === undefined) return;
    const { difference } = await compared(input, job, job.state, config, folder);
    requireRows(job.out, other, difference);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await input.close();
  }
}
