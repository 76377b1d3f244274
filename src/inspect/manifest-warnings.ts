/** What will hurt, and what to do about it. */
import { count } from '../format.ts';
import type { ManifestInspection, ManifestWarning, ManifestWarningCode } from './inspection.ts';

type Facts = Omit<ManifestInspection, 'warnings'>;
type Rule = (facts: Facts) => Omit<ManifestWarning, 'code'> | undefined;

// From here on something is worth a line. Chosen, not measured: each is a point at which the advice begins to pay.
const GIANT_SHARE = 0.5;
/** A host with less is through before anybody minds. */
const GIANT_ROWS = 5000;
const REPEATED_SHARE = 0.05;
const BAD_SHARE = 0.01;
/** The reader holds a row group compressed; a quarter of a GiB is noticed on a small machine. */
const ROW_GROUP_BYTES = 256 * 2 ** 20;
const FEW_ROWS = 5;
/** A few hosts with few rows each are a small manifest. */
const MANY_HOSTS = 200;
const NULL_LABEL_SHARE = 0.01;
/** Loose files: one folder per label; file managers and loaders become slow. */
const MANY_LABELS = 100_000;

const RULES: Readonly<Record<Exclude<ManifestWarningCode, 'reader'>, Rule>> = {
  one_giant_host: ({ hosts, rows }) => {
    const largest = hosts.top[0];
    if (largest === undefined || largest.share < GIANT_SHARE || largest.rows < GIANT_ROWS || rows < GIANT_ROWS)
      return undefined;
    return {
      message:
        `${largest.name} has ${share(largest.share)} of the rows: the download is as fast as that host allows, ` +
        'however many machines share it',
      advice:
        "say who you are with --contact; 'flow-dc estimate' measures its pace; keep what its owner asks for " +
        'with --c-max, or a rate under the key `hosts` of a --config file',
    };
  },
  repeated_urls: ({ duplicates, rows }) => {
    if (duplicates.rows < rows * REPEATED_SHARE || duplicates.rows === 0) return undefined;
    const about = duplicates.exact ? '' : 'about ';
    return {
      message:
        `${about}${count(duplicates.rows)} rows (${share(duplicates.rows / rows)}) repeat the URL of an earlier ` +
        'row, and each would be fetched and stored again',
      advice:
        'remove them before the download (SELECT DISTINCT ON, pandas drop_duplicates) unless the rows differ ' +
        'in their labels',
    };
  },
  large_row_groups: ({ files }) => {
    const [file] = [...files].sort((a, b) => (b.rowGroupBytes ?? 0) - (a.rowGroupBytes ?? 0));
    if (file?.rowGroupBytes === undefined || file.rowGroupBytes < ROW_GROUP_BYTES) return undefined;
    return {
      message:
        `${file.name} has a row group of ${count(file.rowGroupBytes / 2 ** 20)} MiB, all of which is in memory ` +
        'while it is read',
      advice:
        'write the file with row groups of 100,000 rows (row_group_size), or without the columns that nobody needs',
    };
  },
  http_only: ({ schemes }) => {
    if (schemes.http === 0 || schemes.https > 0) return undefined;
    return {
      message:
        'every URL is http: anybody on the way can read and change what is fetched, and hosts that redirect to ' +
        'https cost two requests a row',
      advice:
        'try one with curl -I on https, and if it answers rewrite the column (http:// to https://) before the download',
    };
  },
  bad_urls: ({ badUrls, rows }) => {
    if (badUrls.rows < rows * BAD_SHARE || badUrls.rows === 0) return undefined;
    return {
      message:
        `${count(badUrls.rows)} rows (${share(badUrls.rows / rows)}) have no URL that can be requested and will ` +
        'end as invalid_url, bad_row or unsupported_scheme',
      advice:
        badUrls.kinds[0]?.kind === 'stored'
          ? 'fetch rows of s3:// and gs:// with --allow-s3'
          : 'see whether --url names the right column, then repair or drop those rows',
    };
  },
  few_rows_per_host: ({ hosts, rows, badUrls }) => {
    const perHost = (rows - badUrls.rows) / hosts.count;
    if (hosts.count < MANY_HOSTS || perHost >= FEW_ROWS) return undefined;
    return {
      message:
        `${count(hosts.count)} hosts with ${perHost.toFixed(1)} rows each: most of the time goes into looking ` +
        'up names and connecting, and many hosts will be gone',
      advice:
        'use a name server that stands a lot (--dns-server), raise --concurrent-downloads, and lower ' +
        '--timeout-sec to 10',
    };
  },
  null_labels: ({ labels, rows }) => {
    if (labels === undefined || labels.nulls < rows * NULL_LABEL_SHARE || labels.nulls === 0) return undefined;
    return {
      message:
        `${count(labels.nulls)} rows (${share(labels.nulls / rows)}) have no label and will share one folder in ` +
        'an imagefolder',
      advice: 'name that folder with --null-label, drop those rows, or name another column with --label',
    };
  },
  many_labels: ({ labels }) => {
    if (labels === undefined || labels.count < MANY_LABELS) return undefined;
    return {
      message: `${count(labels.count)} different labels: as loose files that is as many folders`,
      advice: 'keep the shards (do not use --no-create-tar), or name a coarser column with --label',
    };
  },
};

/** What will hurt, worst first. @param notes - what the reader found odd, a line each */
export function manifestWarnings(facts: Facts, notes: readonly string[]): ManifestWarning[] {
  const found = Object.entries(RULES).flatMap(([code, rule]) => {
    const warning = rule(facts);
    return warning === undefined ? [] : [{ code: code as ManifestWarningCode, ...warning }];
  });
  return [...found, ...notes.map((message) => ({ code: 'reader' as const, message }))];
}

function share(part: number): string {
  const percent = part * 100;
  return `${percent === 100 ? 100 : percent.toFixed(percent > 99.9 ? 2 : 1)} %`;
}
