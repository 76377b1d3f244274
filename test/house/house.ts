/** The house as its imports draw it: files, what each imports, and circles among them. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** Every source file below src, with the source files it imports; paths relative to src. */
export async function readImports(): Promise<Map<string, string[]>> {
  const files = (await readdir(SRC, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(SRC, file), 'utf8')));
  return new Map(files.map((file, index) => [file, importedBy(file, texts[index] ?? '')]));
}

function importedBy(file: string, text: string): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+\.ts)['"]/g);
  return [...new Set([...found].map(([, path = '']) => normalize(join(dirname(file), path))))];
}

/** The same graph with folders in place of files: a file that lies directly in src is a room of its own. */
export function byFolder(imports: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const room = (file: string): string => (dirname(file) === '.' ? file : dirname(file));
  const graph = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = room(file);
    const to = graph.get(from) ?? new Set();
    for (const target of targets) if (room(target) !== from) to.add(room(target));
    graph.set(from, to);
  }
  return new Map([...graph].map(([from, to]) => [from, [...to]]));
}

/** Groups of nodes that reach each other, each sorted. Tarjan, 1972. */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node) as number);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) as number, low.get(next) as number));
    }
    if (low.get(node) !== order.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
