/** Whether what is on the other side is what was brought there: by size, and by the best hash that both sides have. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Artifact } from '../../record.ts';
import type { RemoteFile } from './remote-tool.ts';

/** The same content, as far as the other side tells; only by hashes. */
export function isAlike(a: RemoteFile, b: RemoteFile | undefined): boolean {
  if (b === undefined || a.bytes !== b.bytes) return false;
  if (a.sha256 !== undefined) return a.sha256 === b.sha256;
  return a.md5 !== undefined && a.md5 === b.md5;
}

/** By size, and by the best hash that the other side tells. */
export async function isSame(
  found: RemoteFile | undefined,
  artifact: Artifact,
  md5: () => Promise<string>,
): Promise<boolean> {
  if (found?.bytes !== artifact.bytes) return false;
  if (found.sha256 !== undefined) return found.sha256 === artifact.sha256;
  return found.md5 === undefined || found.md5 === (await md5());
}

export async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
