/** Mutated tables through the reader: a URL that is still in the file is a row's, or is on a line that is said to be bad. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Data, Field } from 'apache-arrow';
import { textColumn } from '../../../src/arrow/text.ts';
import { isFlowDcError } from '../../../src/errors.ts';
import { badRowReason } from '../../../src/record.ts';
import { isUrlText } from '../../../src/stages/manifest/guess-url.ts';
import { readManifest } from '../../../src/stages/manifest/read-manifest.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { inFolder } from '../in-folder.ts';
import { pick } from '../mutate.ts';
import type { FuzzRun } from '../target.ts';
import { mutateText } from '../tokens.ts';

const ROWS = 12;
const TOKENS = [
  ...[
    '"',
    '""',
    '"""',
    ',',
    ';',
    '\t',
    '|',
    '\n',
    '\r\n',
    '\r',
    ' "',
    '" ',
    '\\',
    '\\"',
    '\\\n',
    '\\N',
    '#',
    '# x\n',
    "'",
  ],
  ...[
    '\ufeff',
    '\ufffd',
    'é',
    '\xe9',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',}',
    ',]',
    'null',
    'NaN',
    ' ',
    'sep=;\n',
    'x,y\n',
    'a\tb\tc\n',
  ],
];
const URL_TEXT = /http:\/\/a\.test\/\d+\.jpg/g;

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ cases: number }> {
  const random = seededRandom(seed);
  const seeds = Object.entries(tables());
  let cases = 0;
  await inFolder(async (folder) => {
    for (; goOn(); cases += 1) {
      const [name, text] = pick(seeds, random);
      const bytes = Buffer.from(mutateText(Buffer.from(text), TOKENS, random));
      const flaw = await flawOf(join(folder, name), bytes);
      if (flaw === undefined) continue;
      process.stdout.write(`${name}: ${flaw}\n`);
      save(`${seed}-${cases}-${name}`, bytes);
    }
  });
  return { cases };
}

/** Under every name that decides how it is read. */
export async function replay(bytes: Uint8Array): Promise<void> {
  await inFolder(async (folder) => {
    for (const name of Object.keys(tables())) {
      const flaw = await flawOf(join(folder, name), Buffer.from(bytes));
      if (flaw !== undefined) throw new Error(`${name}: ${flaw}`);
    }
  });
}

async function flawOf(path: string, bytes: Buffer): Promise<string | undefined> {
  await writeFile(path, bytes);
  const reader = readManifest(path);
  // It is told where rows are read.
  reader.once('error', () => {});
  const found: Found[] = [];
  const bad: [first: number, last: number][] = [];
  let lineEnd = '\n';
  try {
    const { roles, files } = await reader.ready;
    lineEnd = files[0]?.dialect?.lineEnd ?? '\n';
    for await (const batch of reader) {
      const urls = textColumn(batch.data.children[batch.schema.names.indexOf(roles.url)] as Data);
      for (const [i, field] of batch.schema.fields.entries())
        for (const [row, cell] of textColumn(batch.data.children[i] as Data).entries()) {
          const [, line, more = 0] =
            /^line (\d+)(?:.* with (\d+) lines? behind it)?/.exec(badRowReason(cell ?? '') ?? '') ?? [];
          if (line !== undefined) bad.push([Number(line), Number(line) + Number(more)]);
          else if (cell !== null)
            found.push({ cell, url: urls[row] ?? '', isUrl: (field as Field).name === roles.url });
        }
    }
  } catch (error) {
    // What is not read is said.
    return isFlowDcError(error) && error.code.startsWith('FDC_ERR_MANIFEST_')
      ? undefined
      : String((error as Error).stack);
  }
  // What a header became part of is no row.
  const isTable = /[ct]sv$/.test(path);
  return lossIn(bytes.toString('latin1').split(lineEnd), isTable ? 1 : 0, found, bad);
}

/** A cell, and the URL of its row. */
interface Found {
  readonly cell: string;
  readonly url: string;
  readonly isUrl: boolean;
}

/** In another column than that of URLs one is no loss where it is all of the cell, or where its line is that row. */
function isKept(url: string, line: string, { cell, url: own, isUrl }: Found): boolean {
  if (isUrl) return cell.includes(url);
  if (cell === url) return true;
  // Without a URL a row ends as invalid_url.
  const isOwn = !isUrlText(own) || line.includes(Buffer.from(own).toString('latin1'));
  return cell.includes(url) && isOwn && !/[\r\n]/.test(cell);
}

function lossIn(
  lines: readonly string[],
  first: number,
  found: readonly Found[],
  bad: readonly (readonly [number, number])[],
): string | undefined {
  const unread = bad.flatMap(([from, to]) => lines.slice(from - 1, to)).join('\n');
  // Lines that became one are one.
  const lost = lines.slice(first).flatMap((line) => {
    const own: readonly string[] = line.match(URL_TEXT) ?? [];
    const isThere = own.some((url) => unread.includes(url) || found.some((one) => isKept(url, line, one)));
    return isThere ? [] : own;
  });
  return lost.length === 0 ? undefined : `lost without a word: ${[...new Set(lost)].join(' ')}`;
}

/** The same rows as programs write them, by the names of their files. */
function tables(): Readonly<Record<string, string>> {
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    url: `http://a.test/${i}.jpg`,
    caption: `a "cat", ${i}`,
    n: i,
  }));
  const table = (delimiter: string, quoted: (cell: string) => string, end: string): string =>
    [['url', 'caption', 'n'], ...rows.map((row) => Object.values(row).map((cell) => quoted(String(cell))))]
      .map((cells) => cells.join(delimiter) + end)
      .join('');
  const minimal = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return {
    'm.csv': table(',', minimal, '\n'),
    'crlf.csv': table(',', minimal, '\r\n'),
    'spark.csv': table(',', (cell) => `"${cell.replaceAll('"', '\\"')}"`, '\n'),
    'plain.csv': table(';', (cell) => cell.replaceAll('"', ''), '\n'),
    'old.csv': table(',', minimal, '\r'),
    'bare.csv': table(',', (cell) => cell.replace(/[",]/g, (letter) => (letter === ',' ? ';' : '\\"')), '\n'),
    'm.tsv': table('\t', (cell) => cell, '\n'),
    'm.txt': rows.map(({ url }) => `${url}\n`).join(''),
    'm.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'm.json': JSON.stringify(rows),
  };
}
