/**
 * retry-2.json and so on among what the job keeps: rows of a finished dataset that are fetched again, written down before
 * the first of them is asked for. They stay for good: every later run cuts the same rows into the same units, and finds
 * which of those are settled.
 */
import { FlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import type { StateFiles } from './state-files.ts';

/** Rows with what they were before, by their numbers, rising. */
export interface RetryRound {
  /** attempt_set of the rows: 2 for the first round. */
  readonly set: number;
  /** Number of the first unit. */
  readonly firstUnit: number;
  readonly rows: Float64Array;
  /** By position in `rows`: which of `outcomes`. */
  readonly outcomeOf: Uint16Array;
  /** `failed timeout_body` and the like. */
  readonly outcomes: readonly string[];
}

interface RoundFile {
  readonly set: number;
  readonly firstUnit: number;
  readonly outcomes: readonly string[];
  /** Rows as distances from the row before, and which of `outcomes`, in turn. */
  readonly rows: readonly number[];
}

const count = { type: 'integer', minimum: 0 } as const;
const matches = schemaCheck<RoundFile>({
  type: 'object',
  required: ['set', 'firstUnit', 'outcomes', 'rows'],
  properties: {
    set: { type: 'integer', minimum: 2 },
    firstUnit: count,
    outcomes: { type: 'array', items: { type: 'string', pattern: '^(failed|skipped) [a-z][a-z0-9_]{0,63}$' } },
    rows: { type: 'array', items: count },
  },
});

/** Every round so far, in order. Errors: FDC_ERR_DEST_IO. */
export async function readRounds(state: StateFiles): Promise<readonly RetryRound[]> {
  const rounds: RetryRound[] = [];
  for (;;) {
    const file = roundFile(rounds.length + 2);
    const content = await state.read(file);
    if (content === undefined) return rounds;
    rounds.push(parseRound(content.toString('utf8'), state.nameOf(file)));
  }
}

/**
 * Begin a round: only under the job's lock. The dataset is unfinished before the round is there, so that whoever opens
 * it next goes on with it. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 */
export async function beginRound(state: StateFiles, round: RetryRound): Promise<void> {
  await state.unseal();
  await state.write(roundFile(round.set), formatRound(round));
}

export function formatRound({ set, firstUnit, rows, outcomeOf, outcomes }: RetryRound): string {
  const steps: number[] = [];
  let before = 0;
  rows.forEach((row, at) => {
    steps.push(row - before, outcomeOf[at] as number);
    before = row;
  });
  return `${JSON.stringify({ set, firstUnit, outcomes, rows: steps } satisfies RoundFile)}\n`;
}

/** @param name - for messages. Errors: FDC_ERR_DEST_IO. */
export function parseRound(text: string, name: string): RetryRound {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  if (!matches(value) || !isPaired(value))
    throw new FlowDcError(
      'FDC_ERR_DEST_IO',
      `${name} cannot be understood, and says which rows are fetched again; bring it back from a copy`,
    );
  const { set, firstUnit, outcomes, rows: steps } = value;
  const rows = new Float64Array(steps.length / 2);
  const outcomeOf = new Uint16Array(rows.length);
  let row = 0;
  for (let at = 0; at < rows.length; at += 1) {
    row += steps[2 * at] as number;
    rows[at] = row;
    outcomeOf[at] = steps[2 * at + 1] as number;
  }
  return { set, firstUnit, rows, outcomeOf, outcomes };
}

/** Every row with an outcome that there is. */
function isPaired({ rows, outcomes }: RoundFile): boolean {
  return rows.length % 2 === 0 && rows.every((value, at) => at % 2 === 0 || value < outcomes.length);
}

/** Its name in the state folder. */
export function roundFile(set: number): string {
  return `retry-${set}.json`;
}
