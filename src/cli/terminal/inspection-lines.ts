/** What `inspect` found, as lines for people. */
import type { ResolvedConfig } from '../../config/types.ts';
import { byteSize, count, percent } from '../../format.ts';
import type { ManifestInspection } from '../../index.ts';
import { BAD_URL_KINDS } from '../../inspect/bad-url.ts';
import { createHostRules } from '../../network/host-rules.ts';
import { ruleWords } from '../../network/rule-words.ts';
import { shortened } from '../../short-text.ts';

type Mix = Pick<ManifestInspection['hosts'], 'count' | 'exact' | 'error' | 'top'>;

/** More files than this are summed up. */
const MAX_FILES = 5;
/** Hosts and labels are one line each; --json has no more either. */
const NAME_COLUMN = 56;
/** Columns that are listed; --json has all. */
const MAX_COLUMNS = 100;

/** A host of the list, and what holds for it. */
export interface HostTerms {
  readonly host: string;
  readonly terms: string;
  /** Page on which the host's owner asks for it; absent for what the configuration says. */
  readonly source?: string | undefined;
}

/** Of the hosts with most rows. */
export function hostTerms({ hosts }: ManifestInspection, fetch: ResolvedConfig['fetch']): HostTerms[] {
  const ruleOf = createHostRules(fetch);
  return hosts.top.flatMap(({ name: host }) => {
    const { preset, ...rule } = ruleOf(host);
    const terms = ruleWords(rule);
    return terms === '' ? [] : [{ host, terms, source: preset?.source }];
  });
}

export function inspectionLines(found: ManifestInspection, terms: readonly HostTerms[] = []): string[] {
  const blocks = [
    fileLines(found),
    columnLines(found),
    sampleLines(found),
    ['URLs', ...urlLines(found)],
    [`Hosts: ${sizeOf(found.hosts)}`, ...topLines(found.hosts), ...termLines(terms)],
    ...(found.labels === undefined ? [] : [labelLines(found.labels, found)]),
    warningLines(found),
  ];
  return blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}

function termLines(terms: readonly HostTerms[]): string[] {
  return terms.map(({ host, terms: what, source }) => `  ${host}: ${what} (${source ?? 'hosts of the configuration'})`);
}

function fileLines({ files, rows, limited }: ManifestInspection): string[] {
  const lines = files.slice(0, MAX_FILES).map(({ name, format, packing, how, bytes, rows: own, rowGroupBytes }) => {
    const parts = [
      `${format}${packing === undefined ? '' : ` (${packing})`}`,
      ...(how === undefined ? [] : [how]),
      ...(bytes === 0 ? [] : [byteSize(bytes)]),
      ...(own === undefined ? [] : [`${count(own)} rows`]),
      ...(rowGroupBytes === undefined ? [] : [`largest row group ${byteSize(rowGroupBytes)}`]),
    ];
    return `  ${name === '-' ? 'stdin' : name}: ${parts.join(', ')}`;
  });
  if (files.length > MAX_FILES) lines.push(`  and ${count(files.length - MAX_FILES)} more files`);
  return [`Manifest: ${count(rows)} rows${limited ? ' (the first ones, as limit says)' : ''}`, ...lines];
}

function columnLines({ columns, roles, guessed, mirrors = [] }: ManifestInspection): string[] {
  const shown = shownColumns(columns, roles);
  const width = widthOf(shown);
  const lines = shown.map(({ name, type }) => {
    const role = (['url', 'label', 'caption', 'key'] as const).find((candidate) => roles[candidate] === name);
    const turn = mirrors.indexOf(name);
    const how =
      turn >= 0
        ? `   url ${turn + 2}`
        : role === undefined
          ? ''
          : `   ${role}${guessed.includes(role) ? ' (guessed)' : ''}`;
    return `  ${shortened(name, NAME_COLUMN).padEnd(width)}  ${shortened(type)}${how}`;
  });
  if (columns.length > shown.length) lines.push(`  and ${count(columns.length - shown.length)} more`);
  const missing = (['label', 'caption'] as const).filter((role) => roles[role] === undefined);
  const without = missing.length === 0 ? '' : `; no ${missing.join(' and no ')} column was found`;
  return [`Columns: ${count(columns.length)}${without}`, ...lines];
}

/** Those with a role are among them. */
function shownColumns(
  columns: ManifestInspection['columns'],
  roles: ManifestInspection['roles'],
): ManifestInspection['columns'] {
  const named = new Set(Object.values(roles));
  return columns.filter(({ name }, at) => at < MAX_COLUMNS || named.has(name));
}

function widthOf(columns: ManifestInspection['columns']): number {
  return columns.reduce((most, { name }) => Math.max(most, Math.min(NAME_COLUMN, name.length)), 0);
}

function sampleLines({ sample, columns, roles }: ManifestInspection): string[] {
  const shown = shownColumns(columns, roles);
  const width = widthOf(shown);
  const rows = sample.flatMap((row, at) =>
    shown.map(({ name }, column) => {
      const label = shortened(name, NAME_COLUMN).padEnd(width);
      return `  ${column === 0 ? at : ' '} ${label}  ${row[name] ?? '(null)'}`;
    }),
  );
  return [`First ${sample.length === 1 ? 'row' : `${sample.length} rows`}`, ...rows];
}

function urlLines({ schemes, duplicates, badUrls, rows }: ManifestInspection): string[] {
  const good = rows - badUrls.rows;
  const { distinctUrls, rows: repeats, exact } = duplicates;
  const about = exact ? '' : 'about ';
  const stored = schemes.stored === 0 ? '' : `, ${count(schemes.stored)} in object stores`;
  const other = schemes.other === 0 ? '' : `, ${count(schemes.other)} other`;
  const repeating =
    repeats === 0
      ? 'none repeats'
      : `${about}${count(repeats)} ${repeats === 1 ? 'row repeats' : 'rows repeat'} an earlier one ` +
        `(${percent(repeats / good)})`;
  const bad =
    badUrls.rows === 0
      ? 'all can be requested'
      : `${count(badUrls.rows)} cannot be requested (${percent(badUrls.rows / rows)})`;
  return [
    `  ${count(schemes.https)} https, ${count(schemes.http)} http${stored}${other}`,
    `  ${about}${count(distinctUrls)} different; ${repeating}${exact ? '' : '; estimated, within about 2 %'}`,
    `  ${bad}`,
    ...badUrls.kinds.map(
      ({ kind, rows: own, exampleRow, example }) =>
        `    ${count(own)} x ${BAD_URL_KINDS[kind]}, such as row ${count(exampleRow)}: ` +
        `${example === null ? '(null)' : JSON.stringify(example)}`,
    ),
  ];
}

function labelLines(labels: NonNullable<ManifestInspection['labels']>, { rows, roles }: ManifestInspection): string[] {
  const nulls =
    labels.nulls === 0 ? 'none missing' : `${count(labels.nulls)} rows without (${percent(labels.nulls / rows)})`;
  return [`Labels in '${roles.label}': ${sizeOf(labels)}; ${nulls}`, ...topLines(labels)];
}

function sizeOf({ count: size, exact }: Mix): string {
  return exact ? count(size) : `about ${count(size)}`;
}

function topLines({ top, count: size, exact, error }: Mix): string[] {
  const width = Math.min(NAME_COLUMN, Math.max(0, ...top.map(({ name }) => (name || '(empty)').length)));
  const lines = top.map(
    ({ name, rows, share }) =>
      `  ${(name || '(empty)').padEnd(width)}  ${count(rows).padStart(12)}  ${percent(share).padStart(7)}`,
  );
  if (size > top.length) lines.push(`  and ${count(size - top.length)} more`);
  if (!exact)
    lines.push(
      `  (too many to count one by one: numbers may be too high by up to ${count(error)}, and what is rare is ` +
        'not listed)',
    );
  return lines;
}

function warningLines({ warnings }: ManifestInspection): string[] {
  if (warnings.length === 0) return ['Nothing here that will hurt.'];
  return [
    'What will hurt',
    ...warnings.flatMap(({ message, advice }) => [
      `  ${message}`,
      ...(advice === undefined ? [] : [`    -> ${advice}`]),
    ]),
  ];
}
