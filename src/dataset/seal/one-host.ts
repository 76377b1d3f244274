/** Which shards hold samples of one host only, while the dataset has more hosts. Pure. */
import { count } from '../../format.ts';
import type { UnitRecord } from '../../record.ts';

/** So many are named. */
const NAMED = 5;

/** Shards of one host; there is at least one. */
export interface OneHostShards {
  readonly count: number;
  /** The first of them: `000003`. */
  readonly shards: readonly string[];
  /** Whether hosts were mixed as far as a window goes. */
  readonly isMixed: boolean;
}

export class HostsSeen {
  readonly #shards: string[] = [];
  #host: string | undefined;
  #hasMore = false;

  /** Of records that do not say, as those of earlier versions, nothing is told. */
  add({ unit, stored, host }: Pick<UnitRecord, 'unit' | 'stored' | 'host'>): void {
    if (stored === 0) return;
    if (host !== undefined) this.#shards.push(unit.slice(0, unit.indexOf('-')));
    this.#host ??= host;
    this.#hasMore ||= host !== this.#host || host === undefined;
  }

  /** Undefined where there is only one host, or no such shard. */
  found(isMixed: boolean): OneHostShards | undefined {
    if (!this.#hasMore || this.#shards.length === 0) return undefined;
    return { count: this.#shards.length, shards: this.#shards.sort().slice(0, NAMED), isMixed };
  }
}

/** In one line. */
export function oneHostLine({ count: all, shards, isMixed }: OneHostShards): string {
  const more = all > shards.length ? ` and ${count(all - shards.length)} more` : '';
  const each =
    all === 1 ? `shard ${shards[0]}: samples of one host` : `shards ${shards.join(', ')}${more}: one host each`;
  const remedy = isMixed
    ? 'its rows fill a whole window: shuffle the manifest before'
    : 'where training reads shards in order, --mix mixes hosts';
  return `${each}; ${remedy}`;
}
