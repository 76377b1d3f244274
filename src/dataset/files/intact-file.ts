/** A committed file, read whole, when it still has the bytes that were committed. */
import { createHash } from 'node:crypto';
import { FlowDcError } from '../../errors.ts';
import type { Artifact, UnitRecord } from '../../record.ts';
import { isTable } from '../unit-files.ts';
import type { DatasetFile } from './dataset-files.ts';

/**
 * Damaged bytes can make the parquet reader panic, which it does not recover from.
 * Rejects as reading does, and for other bytes than were committed.
 */
export async function intactFile(file: DatasetFile, { bytes, sha256 }: Artifact): Promise<Uint8Array> {
  const content = await file.read();
  const isIntact = content.length === bytes && createHash('sha256').update(content).digest('hex') === sha256;
  if (!isIntact) throw new Error('other bytes than were committed');
  return content;
}

/** The outcome table among a unit's files. */
export function tableOf({ artifacts }: UnitRecord): Artifact | undefined {
  return artifacts.find(({ name }) => isTable(name));
}

/** Errors of reading an outcome table, with what mends it. */
export function unreadable({ unit }: Pick<UnitRecord, 'unit'>, cause: unknown): FlowDcError {
  const message = `the outcome table of ${unit} cannot be read (${(cause as Error).message}); flow-dc repair mends that`;
  return new FlowDcError('FDC_ERR_DEST_IO', message, { cause });
}
