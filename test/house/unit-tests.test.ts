import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const TEST = fileURLToPath(new URL('..', import.meta.url));
/** What starts a process, opens a socket or waits for real time, whoever does it. */
const FORBIDDEN: readonly RegExp[] = [
  /'(node:(child_process|cluster|dgram|http|https|http2|net|tls)|undici|@nats-io\/transport-node)'/,
  /from '.*\/support\/(run-cli|browser|nats-server|test-origin)\.ts'/,
  /\b(startDemoHosts|connectCluster|startOwnServer)\(/,
  /\bsetTimeout\b.*'node:timers\/promises'/,
];

/** Every file below test/unit, and what these files import of test, with its text. */
async function readUnitTests(): Promise<Map<string, string>> {
  const names = (await readdir(join(TEST, 'unit'), { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = new Map<string, string>();
  for (const open = names.map((name) => join('unit', name)); open.length > 0; ) {
    const file = open.pop() as string;
    if (texts.has(file)) continue;
    const text = await readFile(join(TEST, file), 'utf8');
    texts.set(file, text);
    for (const [, path = ''] of text.matchAll(/from '(\.[^']+\.ts)'/g)) {
      const imported = normalize(join(dirname(file), path));
      if (!imported.startsWith('..')) open.push(imported);
    }
  }
  return texts;
}

describe('a unit test', () => {
  it('never starts a process, opens a socket or sleeps, nor does anything that it imports from test', async () => {
    const texts = await readUnitTests();
    expect(texts.size).toBeGreaterThan(100);
    const found = [...texts].flatMap(([file, text]) =>
      text.split('\n').flatMap((line) => (FORBIDDEN.some((what) => what.test(line)) ? [`test/${file}: ${line}`] : [])),
    );
    expect(found).toEqual([]);
  });
});
