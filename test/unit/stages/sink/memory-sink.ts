import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { FetchResult, OpenUnit, UnitRecord } from '../../../../src/record.ts';
import type { CustomSink, UnitWriter } from '../../../../src/stages/sink/custom-sink.ts';
import { createSink } from '../../../../src/stages/sink/sink.ts';
import type { TestResult } from '../../../support/sink-units.ts';

/** A sink in memory whose calls can be held or broken. */
export class MemorySink implements CustomSink {
  readonly log: string[] = [];
  /** Awaited by every call with its log line. */
  before: (line: string) => Promise<void> | void = () => {};

  async open(unit: OpenUnit): Promise<UnitWriter> {
    await this.#note(`open ${unit.shard}`);
    return {
      write: (result) => this.#note(`write ${unit.shard} ${result.row.index}`),
      commit: async () => {
        await this.#note(`commit ${unit.shard}`);
        return recordOf(unit);
      },
      abort: (error) => this.#note(`abort ${unit.shard}: ${error.message}`),
    };
  }

  async #note(line: string): Promise<void> {
    this.log.push(line);
    await this.before(line);
  }
}

function recordOf(unit: OpenUnit): UnitRecord {
  const counts = { rows: unit.rows, stored: unit.rows, failed: 0, skipped: 0, bytes: 10 };
  return { unit: unit.id, token: 't', worker: 'w', ...counts, artifacts: [], errors: {}, committedAtMs: 0 };
}

export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i += 1) await setImmediate();
}

export function run(results: Iterable<FetchResult>, sink: CustomSink, maxUnitErrors?: number): Promise<void> {
  return pipeline(Readable.from(results), createSink(sink, maxUnitErrors === undefined ? {} : { maxUnitErrors }));
}

export function releases(results: readonly TestResult[]): number[] {
  return results.map((result) => result.released.times);
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}
