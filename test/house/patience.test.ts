import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const TEST = join(import.meta.dirname, '..');

/** Calls of `vi.waitFor` without a limit of their own, which have one of a second: too little on a busy machine. */
function hurried(text: string): string[] {
  const calls = text.split('vi.waitFor(').slice(1);
  return calls.map(argumentsOf).filter((given) => !/timeout:|,\s*[\d_]+,?\s*$/.test(given));
}

/** @param text - what comes after an opening bracket */
function argumentsOf(text: string): string {
  let open = 1;
  const end = [...text].findIndex((char) => {
    if ('([{'.includes(char)) open++;
    if (')]}'.includes(char)) open--;
    return open === 0;
  });
  return text.slice(0, end);
}

describe('a test', () => {
  it('waits for what will come longer than a busy machine takes: expect.poll, or vi.waitFor with a limit', async () => {
    expect(hurried("await vi.waitFor(() => expect(a).toBe('x'));")).toEqual(["() => expect(a).toBe('x')"]);
    const files = (await readdir(TEST, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const texts = await Promise.all(files.map((name) => readFile(join(TEST, name), 'utf8')));
    const found = files.flatMap((name, i) =>
      name.endsWith('patience.test.ts') ? [] : hurried(texts[i] ?? '').map((call) => `${name}: ${call}`),
    );
    expect(found).toEqual([]);
  });
});
