/** classes.json and classes.csv: which classes a dataset has, by number, and how many samples of each. */
import { createHash } from 'node:crypto';
import { batchOf, int32Column, utf8Column } from '../../arrow/columns.ts';
import { csvHeader, csvLines } from '../../arrow/csv-lines.ts';
import type { Destination } from '../../destination/destination.ts';
import { count } from '../../format.ts';
import type { Artifact } from '../../record.ts';
import { shortened } from '../../short-text.ts';
import { inOrder } from '../../structures/in-order.ts';
import { visible } from '../../visible.ts';
import { MAX_CLASSES } from '../class-numbers.ts';
import { labelFolder } from '../naming/safe-name.ts';
import { classRows } from '../outcome-rows.ts';

export interface DatasetClass {
  /** What KEY.cls says; in folders, what loaders give it that number folders by name. */
  readonly index: number;
  readonly label: string;
  /** What it is called as a folder. */
  readonly folder: string;
  /** Stored samples. */
  readonly count: number;
}

export interface ClassOrder {
  /** Samples lie in folders: those are numbered by name, and a class without samples has none. */
  readonly inFolders: boolean;
  /** Classes that come first, in this order. */
  readonly known: readonly string[];
  /** Of rows without a label: the name of their class in folders. */
  readonly nullLabel: string;
}

/** Classes that something is to be said of: how many, and the first ones by name. */
export interface NamedClasses {
  readonly count: number;
  readonly labels: readonly string[];
}

/** What was found of classes, in short. */
export interface ClassSummary {
  /** Undefined when there are too many to be numbered. */
  readonly count: number | undefined;
  /** Those without a stored sample. */
  readonly empty: NamedClasses;
  /** In folders: those with files of which torchvision reads none. */
  readonly unread: NamedClasses;
}

export interface FoundClasses extends ClassSummary {
  /** By index; none when there are too many. */
  readonly classes: readonly DatasetClass[];
}

/** Labels that are named. Chosen. */
const NAMED = 20;
/** Tables that are read at once. Chosen. */
const WIDTH = 4;
/** What torchvision's ImageFolder takes for an image. */
const READ_BY_FOLDER_LOADERS = new Set(['jpg', 'jpeg', 'png', 'ppm', 'bmp', 'pgm', 'tif', 'tiff', 'webp']);

interface Tally {
  firstRow: number;
  count: number;
  readable: number;
}

/** Look through the outcome tables. Memory: some 100 bytes a class, and a few tables. Errors: those of the destination. */
export async function findClasses(
  destination: Pick<Destination, 'readFile'>,
  tables: readonly Artifact[],
  { inFolders, known, nullLabel }: ClassOrder,
): Promise<FoundClasses> {
  const tallies = new Map<string, Tally>();
  const ofClass = (label: string): Tally => {
    const found = tallies.get(label);
    if (found !== undefined) return found;
    const tally = { firstRow: Number.POSITIVE_INFINITY, count: 0, readable: 0 };
    tallies.set(label, tally);
    return tally;
  };
  for (const label of known) ofClass(label);
  const intact = async ({ name, sha256 }: Artifact): Promise<Uint8Array | undefined> => {
    const bytes = await destination.readFile(name);
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : undefined;
  };
  // One that is damaged is for `verify` to tell: its reader must not see it.
  for await (const table of inOrder(tables, WIDTH, intact))
    for (const { row, label, name } of table === undefined ? [] : classRows(table)) {
      // What has no label is of a class only where it lies in one's folder.
      if (label === '' && !(inFolders && name !== undefined)) continue;
      const tally = ofClass(label === '' ? nullLabel : label);
      tally.firstRow = Math.min(tally.firstRow, row);
      if (name !== undefined) {
        tally.count += 1;
        if (READ_BY_FOLDER_LOADERS.has(name.slice(name.lastIndexOf('.') + 1))) tally.readable += 1;
      }
      if (tallies.size > MAX_CLASSES) return { count: undefined, classes: [], empty: named([]), unread: named([]) };
    }
  const all = [...tallies].map(([label, tally]) => ({ label, folder: labelFolder(label, nullLabel), ...tally }));
  const listed = inFolders ? all.filter((entry) => entry.count > 0) : all;
  const ranks = new Map(known.map((label, rank) => [label, rank]));
  const rank = ({ label }: { label: string }): number => ranks.get(label) ?? known.length;
  listed.sort((a, b) => (inFolders ? byCodePoints(a.folder, b.folder) : rank(a) - rank(b) || a.firstRow - b.firstRow));
  return {
    count: listed.length,
    classes: listed.map((entry, index) => ({ index, label: entry.label, folder: entry.folder, count: entry.count })),
    empty: named(all.filter((entry) => entry.count === 0)),
    unread: named(inFolders ? listed.filter(({ readable }) => readable === 0) : []),
  };
}

function named(classes: readonly { readonly label: string }[]): NamedClasses {
  return { count: classes.length, labels: classes.slice(0, NAMED).map(({ label }) => visible(shortened(label, 40))) };
}

/** What a training program would stumble over. */
export function lackLines({ empty, unread }: ClassSummary): string[] {
  const lines = [
    ['without a stored sample', empty],
    ['with files of which torchvision reads none', unread],
  ] as const;
  return lines.flatMap(([what, { count: all, labels }]) => {
    const more = all > labels.length ? ` and ${count(all - labels.length)} more` : '';
    return all === 0 ? [] : [`classes ${what}: ${labels.join(', ')}${more}`];
  });
}

/** As Python orders text. */
function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function classesJson(classes: readonly DatasetClass[]): string {
  return `[\n${classes.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`;
}

export function classesCsv(classes: readonly DatasetClass[]): string {
  const batch = batchOf([
    ['index', int32Column(classes.map(({ index }) => index))],
    ['label', utf8Column(classes.map(({ label }) => label))],
    ['folder', utf8Column(classes.map(({ folder }) => folder))],
    ['count', int32Column(classes.map((entry) => entry.count))],
  ]);
  return csvHeader(batch.schema) + csvLines(batch).join('');
}
