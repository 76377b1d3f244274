/** SHA256SUMS: what every file of a finished dataset holds, in the form that `sha256sum -c` reads. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isTable } from '../unit-files.ts';

/** Written last but for the mark of success; names itself not. */
export const CHECKSUMS_FILE = 'SHA256SUMS';

type Content = string | AsyncIterable<Uint8Array>;

/** Sums of files that are known, or that pass through while they are written. */
export class Checksums {
  readonly #sums = new Map<string, string>();

  add(name: string, sha256: string): void {
    this.#sums.set(name, sha256);
  }

  /** The same content; its sum is known once all of it was taken. */
  of(name: string, content: Content): Content {
    if (typeof content !== 'string') return this.#passing(name, content);
    this.add(name, createHash('sha256').update(content).digest('hex'));
    return content;
  }

  /** A line per file, in order of name. @param pathOf - from the folder that the sums lie in. Default: the name */
  text(pathOf: (name: string) => string = (name) => name): string {
    const sums = [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = sums.map(([name, sum]) => `${sum}  ${pathOf(name)}\n`);
    return lines.join('');
  }

  async *#passing(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const hash = createHash('sha256');
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
    this.add(name, hash.digest('hex'));
  }
}

/** Sum by name, without the path to it; undefined for what is no such file. */
export function parseChecksums(text: string): ReadonlyMap<string, string> | undefined {
  const sums = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(?:\.\.\/.+\/)?((?:\.nv-meta\/)?[\w.-]+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined) return undefined;
    sums.set(name, sum);
  }
  return text === '' || text.endsWith('\n') ? sums : undefined;
}

/** How many units a finished dataset has by its sums; 0 where they are not to be had. */
export async function sealedUnits(path: string): Promise<number> {
  return unitsInSums(await readFile(path, 'utf8').catch(() => ''));
}

/** The same of the file's text. */
export function unitsInSums(text: string): number {
  const sums = parseChecksums(text);
  return [...(sums?.keys() ?? [])].filter(isTable).length;
}
