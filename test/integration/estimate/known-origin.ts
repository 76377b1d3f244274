/** An origin whose bytes are known, and a manifest of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Rule } from '../../../src/demo-hosts/behaviour.ts';
import { ImageShelf } from '../../../src/demo-hosts/image-bytes.ts';
import { type DemoHosts, startDemoHosts } from '../../../src/demo-hosts/start-demo-hosts.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Heavy-tailed: the largest hundredth of the bodies has a seventh of the bytes. */
const SIZES = { meanBytes: 6000, sigma: 1.2 };
const SEED = 7;

export interface KnownOrigin {
  readonly origin: DemoHosts;
  readonly manifest: string;
  readonly rows: number;
  /** Bytes of all rows that a download would store. */
  readonly bytes: number;
}

/** @param hosts - rows by host; rows under /gone/ are left out of the bytes */
export async function knownOrigin(
  hosts: Readonly<Record<string, number>>,
  rules: readonly Rule[],
  goneEvery = 0,
): Promise<KnownOrigin> {
  const origin = await startDemoHosts({ seed: SEED, ...SIZES, rules });
  onTestFinished(() => origin.close());
  const urls = Object.entries(hosts).flatMap(([host, rows]) =>
    Array.from(
      { length: rows },
      (_, i) => `http://${host}/${goneEvery > 0 && i % goneEvery === 3 ? 'gone/' : ''}${i}.jpg`,
    ),
  );
  const shelf = new ImageShelf(SEED, SIZES);
  const stored = urls.filter((url) => !url.includes('/gone/'));
  const manifest = join(await tempFolder(), 'urls.txt');
  await writeFile(manifest, `${urls.join('\n')}\n`);
  const bytes = stored.reduce((sum, url) => sum + shelf.imageFor(url).body.length, 0);
  return { origin, manifest, rows: urls.length, bytes };
}
