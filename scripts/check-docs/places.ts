/** Folders, files and names that the docs point at, looked up in the tree. */
import type { Code } from './markdown.ts';

/** Folders that a path in the docs may begin with. */
const TOP = /^(src|test|scripts|benchmarks|examples|docs)(\/|$)/;

/**
 * ARCHITECTURE.md as a map: a folder is named in backticks with a slash at its end, relative to src or to the project.
 * Every folder of src has to be named, and every folder that is named has to be there.
 */
export function folderDifferences(code: readonly Code[], files: readonly string[]): string[] {
  const folders = new Set(files.flatMap(foldersOf));
  const named = new Set(
    code.filter(({ isInline, text }) => isInline && isFolder(text)).map(({ text }) => placeOf(text)),
  );
  const missing = [...folders].filter((folder) => folder.startsWith('src/') && folder !== 'src/' && !named.has(folder));
  const gone = [...named].filter((folder) => !folders.has(folder));
  return [...missing.map((folder) => `${folder} is not named`), ...gone.map((folder) => `${folder} does not exist`)];
}

/** A path in a sentence, or the tail of one that ends in .ts, has to be there. */
export function wrongPath({ text, isInline }: Code, files: readonly string[]): string[] {
  const isPath = TOP.test(text) && text.includes('/') && /^[\w./-]+$/.test(text);
  const isTail = /^[\w./-]+\.ts$/.test(text);
  if (!isInline || (!isPath && !isTail)) return [];
  const path = text.replace(/\/$/, '');
  const isThere = files.some(
    (file) => file === path || file.startsWith(`${path}/`) || (isTail && file.endsWith(`/${path}`)),
  );
  return isThere ? [] : [`${text} does not exist`];
}

/**
 * Rows of a table whose second cell holds places and whose third holds names: each name has to occur in one of the
 * places, so that a reader who searches there finds it.
 */
export function wrongNames(page: string, sources: ReadonlyMap<string, string>): string[] {
  const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];
  return rows.flatMap(([, what = '', where = '', names = '']) => {
    const places = spans(where).map(placeOf);
    const texts = [...sources]
      .filter(([file]) => places.some((place) => file.startsWith(place)))
      .map(([, text]) => text);
    const gone = spans(names).filter((name) => !texts.some((text) => new RegExp(`(^|[^\\w])${name}\\b`).test(text)));
    return places.length === 0 ? [] : gone.map((name) => `${what}: ${name} does not occur in ${places.join(' or ')}`);
  });
}

function spans(cell: string): string[] {
  return [...cell.matchAll(/`([\w#./-]+)`/g)].map(([, text = '']) => text);
}

function isFolder(text: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)*\/$/.test(text);
}

function placeOf(text: string): string {
  return TOP.test(text) ? text : `src/${text}`;
}

/** `a/b/c.ts` lies in `a/` and in `a/b/`. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
}
