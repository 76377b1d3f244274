/** What every contender is given: manifests of the same rows over hosts of the origin, and what they add up to. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { utf8Column } from '../../src/arrow/columns.ts';
import { writeParquetFile } from '../../test/support/manifests.ts';
import { BODIES, type BodyName } from './bodies.ts';
import type { SpeedOrigin } from './origin.ts';

/** A single row, for what starting takes; one host over http; the same over https; many hosts over http; over https. */
export const SCENES = ['start', 'one', 'tls', 'hosts', 'tls-hosts'] as const;
export type Scene = (typeof SCENES)[number];

export interface Workload {
  readonly scene: Scene;
  readonly body: BodyName;
  readonly rows: number;
  readonly hosts: number;
  /** Of all bodies. */
  readonly bytes: number;
  /** One URL per line. */
  readonly list: string;
  /** Parquet with `url` and `label`. */
  readonly manifest: string;
  /** Set where hosts have to be sent to this port of the loopback interface. */
  readonly connectToPort: number | undefined;
  /** Set where the certificates of hosts need it. */
  readonly caFile: string | undefined;
}

const LABELS = 20;
const LAION = 'laion_10000.parquet';

/** Write the manifests of a scene into `folder`. @param sizes - of the pictures of the class */
export async function makeWorkload(
  folder: string,
  scene: Scene,
  body: BodyName,
  sizes: readonly number[],
  origin: SpeedOrigin,
  givenRows: number | undefined,
): Promise<Workload> {
  const hosts = hasManyHosts(scene) ? await laionHosts() : undefined;
  const isTls = scene === 'tls' || scene === 'tls-hosts';
  const wanted = scene === 'start' ? 1 : (givenRows ?? BODIES[body].rows);
  const rows = Math.min(wanted, hosts?.length ?? wanted);
  const [scheme, port] = isTls ? ['https', origin.httpsPort] : ['http', origin.httpPort];
  const numbers = Array.from({ length: rows }, (_, row) => row);
  const siteOf = (row: number): string => `${scheme}://${hosts?.[row] ?? `127.0.0.1:${port}`}`;
  // The origin reads the number behind the dash only: every URL is another one, pictures come round.
  const urls = numbers.map((row) => `${siteOf(row)}/${body}/${row}-${row % sizes.length}.jpg`);
  const list = join(folder, `${scene}-${body}.txt`);
  const manifest = join(folder, `${scene}-${body}.parquet`);
  await writeFile(list, `${urls.join('\n')}\n`);
  await writeParquetFile(manifest, [
    ['url', utf8Column(urls)],
    ['label', utf8Column(numbers.map((row) => `class-${row % LABELS}`))],
  ]);
  return {
    ...{ scene, body, rows, list, manifest },
    hosts: hosts === undefined ? 1 : new Set(hosts.slice(0, rows)).size,
    bytes: numbers.reduce((sum, row) => sum + (sizes[row % sizes.length] as number), 0),
    connectToPort: hosts === undefined ? undefined : port,
    caFile: isTls ? origin.caFile : undefined,
  };
}

export function hasManyHosts(scene: Scene): boolean {
  return scene === 'hosts' || scene === 'tls-hosts';
}

export function laionFile(): string | undefined {
  const folder = process.env.FLOW_DC_MANIFESTS;
  return folder === undefined || folder === '' ? undefined : join(folder, LAION);
}

/** The host of every row of the real manifest; rows without a valid URL have none and are left out. */
export async function laionHosts(): Promise<string[]> {
  const bytes = await readFile(laionFile() as string);
  const table = tableFromIPC(readParquet(bytes, { columns: ['URL'] }).intoIPCStream());
  const urls = [...(table.getChild('URL') ?? [])] as (string | null)[];
  return urls.flatMap((url) => (url !== null && URL.canParse(url) ? [new URL(url).hostname] : []));
}
