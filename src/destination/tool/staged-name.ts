/**
 * What a worker without a folder in common with others puts on the other side before its commit is called so that no
 * reader takes it for a shard, and that whoever finds it knows whose it is: `.000012-1a2b3c4d.TOKEN.000012.tar.part`.
 */
import type { UnitRecord } from '../../record.ts';
import { artifactName, plainName } from '../folder-layout.ts';

/** Names what it was made by. */
export type Attempt = Pick<UnitRecord, 'unit' | 'token'>;

/** What is on the other side only. */
export const SHARD = /\.tar(\.gz)?$|^data-\d+\.parquet$/;

const STAGED = /^\.(\d+-[0-9a-f]+)\.([\w-]+)\.[\w.-]+\.part$/;

/** Errors: FDC_ERR_DEST_IO for a record that somebody tampered with. */
export function stagedName({ unit, token }: Attempt, name: string): string {
  return `.${plainName(unit)}.${plainName(token)}.${artifactName(name)}.part`;
}

/** The attempt that put it there; undefined for any other name. */
export function attemptOf(name: string): Attempt | undefined {
  const [, unit, token] = STAGED.exec(name) ?? [];
  return unit === undefined || token === undefined ? undefined : { unit, token };
}
