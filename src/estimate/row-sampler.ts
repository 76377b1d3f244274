/** One pass over a manifest to random rows of every host, in bounded memory. */
import { Heap } from '../structures/heap.ts';

/** A manifest row that may be asked for. */
export interface SampleRow {
  /** Row number over all inputs. */
  readonly row: number;
  readonly url: string;
  readonly host: string;
}

/** A row with its place in a random order of all rows, uniform in [0, 1). */
export interface PlacedRow extends SampleRow {
  readonly place: number;
}

/** The rows of one host, or of several with few rows: how many, and some of them. */
export interface SampledGroup {
  /** Absent for several hosts together. */
  readonly host?: string | undefined;
  readonly rows: number;
  /** By place. Complete up to the sampler's `limit`; above it only the group's two lowest are sure to be here. */
  readonly lowest: readonly PlacedRow[];
}

interface Ticket extends PlacedRow {
  readonly group: Group;
}

interface Group {
  host: string | undefined;
  rows: number;
  /** The rows with the lowest places, at most two. */
  first: Ticket[];
  joined: Group | undefined;
}

/** Rows that every group keeps, however small: two are the least that show a variance. */
export const ROWS_PER_GROUP = 2;
/** Hosts that are told apart at the same time; the smaller half is joined when there are more. Some 40 MB. Chosen. */
const MAX_GROUPS = 50_000;
/** Into so many groups. Chosen: enough to use the order of hosts by size, few enough to be large. */
const JOINED_GROUPS = 16;

/**
 * One pass over rows to random samples per host, in bounded memory. Every row draws a place in a random order; kept are
 * the lowest places over all, and the two lowest of each host. Groups can be joined at any time: the lowest of both are
 * the lowest of the union. Source: bottom-k sampling (Cohen and Kaplan 2007).
 */
export class RowSampler {
  readonly #random: () => number;
  /** The lowest places over all, the highest of them on top. */
  readonly #lowest = new Heap<Ticket>((a, b) => a.place > b.place);
  readonly #keep: number;
  readonly #groups = new Map<string, Group>();
  readonly #joined: Group[] = [];
  readonly #maxGroups: number;

  /** @param keep - rows to keep over all, more than will be asked for; random - uniform in [0, 1) */
  constructor(keep: number, random: () => number, maxGroups = MAX_GROUPS) {
    this.#random = random;
    this.#keep = keep;
    this.#maxGroups = maxGroups;
  }

  add(row: SampleRow): void {
    const place = this.#random();
    const group = this.#groupOf(row.host);
    group.rows += 1;
    const isFirst = group.first.length < ROWS_PER_GROUP || place < (group.first.at(-1) as Ticket).place;
    const isLow = place < this.limit;
    if (!isFirst && !isLow) return;
    // Text of the manifest is cut out of whole columns, which must not stay in memory for its sake.
    const ticket: Ticket = {
      row: row.row,
      url: Buffer.from(row.url).toString(),
      host: group.host ?? row.host,
      place,
      group,
    };
    if (isFirst) group.first = lowestOf([...group.first, ticket], ROWS_PER_GROUP);
    if (!isLow) return;
    if (this.#lowest.size < this.#keep) this.#lowest.add(ticket);
    else this.#lowest.replaceFirst(ticket);
  }

  /** Every row with a place up to here is kept. */
  get limit(): number {
    return this.#lowest.size < this.#keep ? 1 : (this.#lowest.first?.place ?? 1);
  }

  /** Most rows first. A host that was joined with others and came again is there twice, with different rows. */
  groups(): SampledGroup[] {
    const tickets = new Map<Group, Set<Ticket>>();
    for (const group of [...this.#groups.values(), ...this.#joined]) tickets.set(group, new Set(group.first));
    for (const ticket of this.#lowest.items) tickets.get(rootOf(ticket.group))?.add(ticket);
    return [...tickets]
      .map(([{ host, rows }, set]) => {
        const lowest = [...set].sort((a, b) => a.place - b.place);
        return { host, rows, lowest };
      })
      .sort((a, b) => b.rows - a.rows);
  }

  #groupOf(host: string): Group {
    let group = this.#groups.get(host);
    if (group === undefined) {
      if (this.#groups.size >= this.#maxGroups) this.#joinSmaller();
      const name = Buffer.from(host).toString();
      group = { host: name, rows: 0, first: [], joined: undefined };
      this.#groups.set(name, group);
    }
    return group;
  }

  #joinSmaller(): void {
    const bySize = [...this.#groups].sort(([, a], [, b]) => a.rows - b.rows).slice(0, Math.ceil(this.#groups.size / 2));
    for (const [at, [host, group]] of bySize.entries()) {
      const index = Math.floor((at * JOINED_GROUPS) / bySize.length);
      this.#joined[index] ??= { host: undefined, rows: 0, first: [], joined: undefined };
      const target = this.#joined[index] as Group;
      target.rows += group.rows;
      target.first = lowestOf([...target.first, ...group.first], ROWS_PER_GROUP);
      group.joined = target;
      this.#groups.delete(host);
    }
  }
}

function rootOf(group: Group): Group {
  return group.joined ?? group;
}

function lowestOf(tickets: Ticket[], count: number): Ticket[] {
  return tickets.sort((a, b) => a.place - b.place).slice(0, count);
}
