/** Repair: units of a finished dataset are taken again, or a job on a server is brought together. */
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { count, counted } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { findJob } from '../../job/job-file.ts';
import { parseRepairMark, REPAIR_FILE, type UnitToRepair } from '../../job/repair-mark.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { nextCommand, type StoreReach } from '../../next-command.ts';
import type { UnitId } from '../../record.ts';
import { defineCommand } from '../args/define-command.ts';
import type { ParsedFlags } from '../args/flags.ts';
import { requireServer } from '../args/with-job.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { repairOnServer } from './job-control.ts';
import { resumeDownload } from './run-download.ts';
import { readBack, tellVerdict, type Verdict } from './verify.ts';

/** A record that was made again from its unit's stats may turn out to be about a damaged shard. */
const MOST_ROUNDS = 2;

/** `repair`: of a dataset, or of a job on a server. */
export const repairCommand = defineCommand({
  name: 'repair',
  summary:
    'Of a dataset: read it back and take the units again in which something is wrong, and those alone; options and ' +
    'headers as for resume. Of a job on a server: publish again what the server has lost, give out again what it ' +
    'held back; safe at any time, and a submit that follows its job does it by itself.',
  usage: 'repair DEST [options] | repair JOB [DEST] [--nats URL | --join FILE] [--json]',
  positionals: { least: 0, most: 2, words: 'a folder, or a job and its output folder: flow-dc repair DEST' },
  async run(flags, io) {
    const dest = await datasetMeant(flags);
    if (flags.positionals.length === 0)
      requireServer(
        'repair',
        flags,
        io,
        'name a dataset (flow-dc repair DEST), or a server (flow-dc repair JOB --nats URL)',
      );
    return dest === undefined ? repairOnServer(flags, io) : repairDataset(dest, flags.config, io);
  },
});

/** One argument that is the output of a job, unless a server is named beside it. */
async function datasetMeant({ positionals, config }: ParsedFlags): Promise<string | undefined> {
  const [dest] = positionals;
  if (dest === undefined || positionals.length > 1) return undefined;
  if (config.nats !== undefined || config.join !== undefined) return undefined;
  return /[/\\]/.test(dest) || (await findJob(dest)) !== undefined ? dest : undefined;
}

/** @returns the exit code of a verify after it, or that something is off where samples are there no more */
async function repairDataset(dest: string, given: Config, io: CliIo): Promise<number> {
  const views: JobView[] = [];
  const look = async (): Promise<Verdict> => {
    const { store } = resolveConfig(given, 'repair');
    const job = await viewJob(dest, store);
    views.push(job);
    return readBack(job, store);
  };
  try {
    return await repairFrom(look, given, io);
  } finally {
    for (const view of views) await view.close();
  }
}

async function repairFrom(look: () => Promise<Verdict>, given: Config, io: CliIo): Promise<number> {
  let verdict = await look();
  let isMarkBroken = await hasBrokenMark(verdict.job);
  if (verdict.finished && verdict.findings.count === 0 && !isMarkBroken) {
    writeLines(io.stderr, ['nothing to repair']);
    return tellVerdict(verdict, io, given.json);
  }
  const storedBefore = new Map<UnitId, number>();
  for (let round = 0; round < MOST_ROUNDS && (isMarkBroken || isRepairable(verdict)); round++) {
    isMarkBroken = false;
    const { job, findings, finished } = verdict;
    const again = `${count(findings.units.size)} of ${count(verdict.units)} units are taken again`;
    const rest = finished ? '' : ', and the rest of the rows is fetched';
    writeLines(io.stderr, [`${count(findings.count)} findings: ${again}${rest}`]);
    await mayWriteTo(job, given);
    await job.markForRepair(await unitsToRepair(verdict, storedBefore));
    const code = await resumeDownload(job, { ...given, json: false }, io);
    if (code !== EXIT.done && code !== EXIT.result) return code;
    verdict = await look();
  }
  const fewer = await fewerStored(verdict.job, verdict.store, storedBefore);
  writeLines(io.stderr, fewer);
  const code = await tellVerdict(verdict, io, given.json);
  return fewer.length > 0 ? EXIT.result : code;
}

/** Errors: FDC_ERR_JOB_DISTRIBUTED, FDC_ERR_JOB_LOCKED: a mark must not stay for somebody who did not ask for it. */
async function mayWriteTo(job: JobView, { take_over: takeOver }: Config): Promise<void> {
  const mark = await job.mark();
  if (mark !== undefined && takeOver !== true) throw distributedError(job.out, mark);
  await (await job.lock()).release();
}

/** Whether an earlier repair's mark cannot be understood: nobody could go on with the dataset. */
async function hasBrokenMark({ state }: JobView): Promise<boolean> {
  const text = await state.read(REPAIR_FILE);
  if (text === undefined) return false;
  try {
    parseRepairMark(text.toString('utf8'), REPAIR_FILE);
    return false;
  } catch {
    return true;
  }
}

function isRepairable({ finished, findings }: Verdict): boolean {
  return !finished || findings.isMendable;
}

/** @param storedBefore - takes how many samples the units had */
async function unitsToRepair({ job, findings }: Verdict, storedBefore: Map<UnitId, number>): Promise<UnitToRepair[]> {
  const units: UnitToRepair[] = [];
  for (const unit of findings.units) {
    const record = await job.decided.record(unit).catch(() => undefined);
    units.push({ unit, token: record?.token });
    if (record !== undefined && !storedBefore.has(unit)) storedBefore.set(unit, record.stored);
  }
  return units;
}

/** Units that have lost samples for good, or until somebody tries their rows again; a line each. */
async function fewerStored(
  { out, decided }: JobView,
  reach: StoreReach | undefined,
  before: ReadonlyMap<UnitId, number>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const [unit, stored] of before) {
    const now = (await decided.record(unit).catch(() => undefined))?.stored ?? 0;
    if (now >= stored) continue;
    lines.push(
      `unit ${unit} had ${counted(stored, 'sample')} and has ${count(now)}: the rest could not be fetched again; why: ` +
        nextCommand('report', out, reach),
    );
  }
  return lines;
}
