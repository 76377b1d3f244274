/** Samples that are alike: how many there are, what they take, which they are. */
import type { StoredRow } from '../dataset/latest/stored-rows.ts';

export type Sample = StoredRow;

/** Groups of samples that are the same, or look nearly the same. */
export interface SampleGroups {
  readonly kind: 'same' | 'near';
  /** The name of a sample's group; undefined for one that is alone. */
  groupOf(sample: Sample): string | undefined;
}

/** One group, as far as a summary shows it. */
export interface ShownGroup {
  readonly group: string;
  readonly samples: number;
  readonly bytes: number;
  /** Of the first few. */
  readonly keys: readonly string[];
}

/** What the groups of one kind come to. */
export interface GroupSums {
  readonly kind: SampleGroups['kind'];
  readonly groups: number;
  /** Samples in them, beside the first of each. */
  readonly copies: number;
  /** Of these. */
  readonly bytes: number;
  /** Those that take most. */
  readonly largest: readonly ShownGroup[];
}

/** Keys and groups that a summary shows. Chosen. */
const [SHOWN_KEYS, SHOWN_GROUPS] = [4, 10];

/** Adds samples up that are in groups. Memory: some hundred bytes for each group. */
export class GroupSum {
  readonly #kind: SampleGroups['kind'];
  readonly #groups = new Map<string, { samples: number; bytes: number; first: number; keys: string[] }>();

  constructor(kind: SampleGroups['kind']) {
    this.#kind = kind;
  }

  add(group: string, { key, bytes }: Sample): void {
    const known = this.#groups.get(group) ?? { samples: 0, bytes: 0, first: bytes, keys: [] };
    known.samples += 1;
    known.bytes += bytes;
    if (known.keys.length < SHOWN_KEYS) known.keys.push(key);
    this.#groups.set(group, known);
  }

  read(): GroupSums {
    let [copies, bytes] = [0, 0];
    for (const group of this.#groups.values()) {
      copies += group.samples - 1;
      bytes += group.bytes - group.first;
    }
    const largest = [...this.#groups]
      .sort(([, a], [, b]) => b.bytes - b.first - (a.bytes - a.first) || b.samples - a.samples)
      .slice(0, SHOWN_GROUPS)
      .map(([group, { samples, bytes: size, keys }]) => ({ group, samples, bytes: size, keys }));
    return { kind: this.#kind, groups: this.#groups.size, copies, bytes, largest };
  }
}
