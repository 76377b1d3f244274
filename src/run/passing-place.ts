/** Where a run works that leaves no job behind: on a stream, or nowhere. Its records lie in a folder that goes away. */
import { existsSync, mkdtempSync, realpathSync, statSync } from 'node:fs';
import { access, constants, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { totalOf } from '../dataset/totals.ts';
import { type Destination, destinationError } from '../destination/destination.ts';
import { NoneDestination } from '../destination/none-destination.ts';
import { StreamDestination } from '../destination/stream-destination.ts';
import { FlowDcError } from '../errors.ts';
import type { JobSummary } from '../job/job-summary.ts';
import { createLocalCommitter, type LocalCommitter } from '../job/local-committer.ts';
import { type RunSpan, readRunSpans, TimelineRecorder } from '../job/timeline.ts';
import { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { KeptUnitsOptions } from '../stages/fetch/settings.ts';
import type { WorkForce } from '../threads/force.ts';
import type { JobInput } from './job-input.ts';
import { graceMs } from './run-control.ts';
import { RunGauge } from './run-gauge.ts';
import type { Beginning, Place } from './run-place.ts';

/** `-o none:`: the whole chain, no shard kept. */
export function nowhere(clock: Clock): Place {
  const folder = temporaryFolder('flow-dc-none-');
  return new PassingPlace(new NoneDestination({ spillFolder: join(folder, 'spill') }), folder, clock);
}

const NOT_RESUMABLE = 'a tar on stdout is written once: this run cannot be resumed, verified or reported on afterwards';

/** `-o -`. Errors: FDC_ERR_CONFIG_INVALID without a stream. */
export function streamPlace(config: ResolvedConfig, clock: Clock, stdout: Writable | undefined): Place {
  if (stdout === undefined) {
    const message = 'output "-": expected a stream to write to, as in runJob(config, { stdout })';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  }
  const folder = temporaryFolder('flow-dc-stdout-');
  const { outcomes } = config.sink;
  return new PassingPlace(new StreamDestination({ output: stdout, folder, outcomes }), folder, clock, {
    // Nothing is ever kept there: on an interrupt what was fetched is in the stream, and counts.
    kept: { folder: join(folder, 'kept'), graceMs: graceMs(config.run) },
    async open(input) {
      if (outcomes !== undefined) await requireWritable(outcomes, input);
      return [NOT_RESUMABLE];
    },
  });
}

interface PassingOptions {
  readonly kept?: KeptUnitsOptions;
  /** @returns what to tell the user, one line each */
  open?(input: JobInput): Promise<readonly string[]>;
}

class PassingPlace implements Place {
  readonly destination: Destination;
  readonly committer: LocalCommitter;
  readonly clock: Clock;
  readonly profiles: HostProfiles;
  readonly kept: KeptUnitsOptions | undefined;
  readonly #folder: string;
  readonly #options: PassingOptions;
  #span: RunSpan | undefined;

  constructor(destination: Destination, folder: string, clock: Clock, options: PassingOptions = {}) {
    this.destination = destination;
    this.committer = createLocalCommitter(folder);
    this.clock = clock;
    this.profiles = new HostProfiles(clock);
    this.kept = options.kept;
    this.#folder = folder;
    this.#options = options;
  }

  async open(input: JobInput): Promise<Beginning> {
    const notices = (await this.#options.open?.(input)) ?? [];
    return { before: await totalOf(this.committer.records()), notices, isFinished: false };
  }

  watch(force: WorkForce): () => Promise<readonly string[]> {
    // It goes with the folder; what is seen meanwhile is told.
    const timeline = join(this.#folder, 'timeline.jsonl');
    const recorder = new TimelineRecorder(timeline, new RunGauge(force, this.clock), this.clock);
    return async () => {
      await recorder.end();
      [this.#span] = await readRunSpans(timeline);
      return [];
    };
  }

  async conclude(_input: JobInput, { before }: Beginning, complete: boolean, elapsedMs: number): Promise<JobSummary> {
    const totals = await totalOf(this.committer.records());
    const { heldMs, heldBy } = this.#span ?? {};
    const runs = [{ startedAtMs: this.clock.wallMs() - elapsedMs, elapsedMs, heldMs, heldBy }];
    return { ...totals, complete, out: this.destination.name, elapsedMs, runs, before };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Errors: FDC_ERR_DEST_UNWRITABLE. */
function temporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (error) {
    throw destinationError(error, `temporary files in ${tmpdir()}`, 'FDC_ERR_DEST_UNWRITABLE');
  }
}

/** Before anything is fetched. Errors: FDC_ERR_DEST_UNWRITABLE. */
async function requireWritable(path: string, { info }: JobInput): Promise<void> {
  try {
    if (!existsSync(path)) return await access(dirname(path), constants.W_OK);
    if (statSync(path).isDirectory()) throw new Error('it is a folder; name a file for --outcomes');
    const isInput = info.files.some(({ name }) => existsSync(name) && realpathSync(name) === realpathSync(path));
    if (isInput) throw new Error('it is the manifest; name another file for --outcomes');
    await access(path, constants.W_OK);
  } catch (error) {
    throw destinationError(error, path, 'FDC_ERR_DEST_UNWRITABLE');
  }
}
