/** Findings: what can be wrong with a dataset, and the list of what is. */
import type { UnitId } from '../../record.ts';

/** Something about a dataset that is not as its records say. */
export interface Finding {
  readonly code: FindingCode;
  /** File, shard or path that it is about, relative to the output. */
  readonly where: string;
  /** The unit that it is about, if it is about one: doing that one again mends it. */
  readonly unit?: UnitId | undefined;
  readonly message: string;
}

/** Every kind of finding, for reports. */
export const FINDINGS = {
  artifact_missing: 'a committed file is not there',
  artifact_damaged: 'a committed file has other bytes than were committed',
  artifact_unreadable: 'a committed file has the right bytes and still cannot be read',
  record_damaged: 'a record cannot be read',
  record_missing: 'files of a unit are there, and its record is not',
  record_inconsistent: 'a record, its outcome table and its samples do not agree',
  sample_missing: 'an outcome table names a sample that is not stored',
  sample_damaged: 'a sample has other bytes than its outcome table says',
  sample_unexpected: 'a shard holds something that its outcome table does not name',
  key_repeated: 'two samples have the same key or path',
  row_missing: 'rows of the manifest are in no outcome table',
  row_repeated: 'rows of the manifest are in more than one outcome table',
  row_changed: 'rows have another URL than in the manifest that was given',
  input_changed: 'a manifest is not the one that the dataset was made of',
  stray: 'a file that no record names',
  upload_unfinished: 'an upload into the store that nobody finished: invisible, and paid for',
  more: 'there are more findings than are listed',
} as const;

export type FindingCode = keyof typeof FINDINGS;

/** What taking units again does not mend; a record that is missing is made again by any run. */
const BEYOND_REPAIR: ReadonlySet<FindingCode> = new Set([
  'record_missing',
  'stray',
  'row_changed',
  'input_changed',
  'more',
]);

/** Where findings are told. */
export interface FindingSink {
  /** @param isMendable - whether a repair finds it as well, and does something about it */
  add(code: FindingCode, where: string, message: string, isMendable?: boolean): void;
}

/** A list that stays short: a deleted folder must not fill the memory with messages. */
export class Findings implements FindingSink {
  readonly #list: Finding[] = [];
  readonly #limit: number;
  readonly #units = new Set<UnitId>();
  readonly #codes = new Set<FindingCode>();
  #count = 0;
  #isMendable = false;
  #isOfOther = false;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  add(code: FindingCode, where: string, message: string, isMendable = !BEYOND_REPAIR.has(code)): void {
    this.#add(code, where, message, isMendable, undefined);
  }

  /** What is found there is about this unit, as far as doing it again mends that. */
  about(unit: UnitId): FindingSink {
    return {
      add: (code, where, message, isMendable = !BEYOND_REPAIR.has(code)) =>
        this.#add(code, where, message, isMendable, isMendable ? unit : undefined),
    };
  }

  #add(code: FindingCode, where: string, message: string, isMendable: boolean, unit: UnitId | undefined): void {
    this.#isMendable ||= isMendable;
    this.#isOfOther ||= code === 'row_missing' && !isMendable;
    this.#codes.add(code);
    this.#count += 1;
    if (unit !== undefined) this.#units.add(unit);
    if (this.#list.length < this.#limit) this.#list.push({ code, where, unit, message });
  }

  /** Whether a repair would do something. */
  get isMendable(): boolean {
    return this.#isMendable;
  }

  /** Whether the manifest that was given says something else than the dataset, which is right in itself. */
  get isOfOtherManifest(): boolean {
    return this.#isOfOther || this.has('row_changed') || this.has('input_changed');
  }

  /** Whether there is one of this kind, listed or not. */
  has(code: FindingCode): boolean {
    return this.#codes.has(code);
  }

  /** How many there are, listed or not. */
  get count(): number {
    return this.#count;
  }

  /** Every unit that something was found about, also where the list is cut. */
  get units(): ReadonlySet<UnitId> {
    return this.#units;
  }

  all(): Finding[] {
    const hidden = this.#count - this.#list.length;
    return hidden === 0 ? this.#list : [...this.#list, { code: 'more', where: '', message: `and ${hidden} more` }];
  }
}
