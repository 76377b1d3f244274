/**
 * The manifest of a job, opened. Files can be read again for a resume; a pipe cannot, so its bytes are kept beside the
 * job's records while they are read.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { ResolvedConfig } from '../config/types.ts';
import { destinationError } from '../destination/destination-error.ts';
import { FlowDcError } from '../errors.ts';
import { stateFolderOf, statePaths } from '../job/state-folder.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReader } from '../stages/manifest/manifest-reader.ts';
import { readManifest } from '../stages/manifest/read-manifest.ts';

export interface JobInput {
  readonly reader: ManifestReader;
  readonly info: ManifestInfo;
  /** Rows come when they come: windows may be cut by time. */
  readonly isLive: boolean;
  /** The job is ours now: keep what a resume will need in its state folder. */
  adopt(stateFolder: string): Promise<void>;
  /** Every row was read. */
  finish(): Promise<void>;
  /** Close the reader and remove what was not adopted. Idempotent. */
  close(): Promise<void>;
}

/**
 * Open what `config` names and look at its head.
 * @param stdin - the stream behind `-`; without it, the kept bytes of an earlier run are read
 * Errors: those of readManifest; FDC_ERR_MANIFEST_NOT_FOUND when a pipe was not kept to its end.
 */
export async function openJobInput(config: ResolvedConfig, stdin: Readable | undefined): Promise<JobInput> {
  const { inputs, ...options } = config.manifest;
  if (!inputs.includes('-')) return opened(readManifest(inputs, options), { isLive: false });
  const output = config.sink.output as string;
  if (stdin === undefined) return opened(readManifest(keptInput(config, output), options), { isLive: false, name: '-' });
  if (output === 'none:') return opened(readManifest('-', { ...options, stdin }), { isLive: true });
  // Beside the output, where there will be room for it; it moves into the job once there is one.
  const root = resolve(output);
  const spoolPath = join(dirname(root), `.${basename(root)}.stdin-${randomBytes(4).toString('hex')}`);
  return opened(readManifest('-', { ...options, stdin, spoolPath }), { isLive: true, spoolPath });
}

async function opened(
  reader: ManifestReader,
  { isLive, spoolPath, name }: { isLive: boolean; spoolPath?: string; name?: string },
): Promise<JobInput> {
  let kept = spoolPath;
  const close = async (): Promise<void> => {
    reader.destroy();
    if (kept !== undefined && kept === spoolPath) await rm(kept, { force: true });
  };
  // Whoever reads hears of an error too; until then it must not be nobody's.
  reader.on('error', () => {});
  const info = await reader.ready.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    reader,
    // A kept pipe is still the pipe: it has no name, and what was piped again may be longer.
    info: name === undefined ? info : { ...info, files: info.files.map((file) => ({ ...file, name, bytes: 0, hash: '' })) },
    isLive,
    async adopt(stateFolder) {
      if (spoolPath === undefined) return;
      await moved(spoolPath, statePaths(stateFolder).partialInput);
      kept = statePaths(stateFolder).partialInput;
    },
    async finish() {
      if (kept === undefined || kept === spoolPath) return;
      const whole = join(dirname(kept), basename(kept).replace(/\.partial$/, ''));
      await moved(kept, whole);
      kept = whole;
    },
    close,
  };
}

function keptInput(config: ResolvedConfig, output: string): string {
  const paths = statePaths(stateFolderOf(output, config.sink.createTar ? 'shards' : 'files'));
  if (existsSync(paths.keptInput)) return paths.keptInput;
  throw new FlowDcError(
    'FDC_ERR_MANIFEST_NOT_FOUND',
    `stdin was not read to its end before: pipe the whole manifest again, ... | flow-dc download - -o ${output}`,
  );
}

/** Renaming does not disturb the writer that has the file open. */
async function moved(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw destinationError(error, dirname(to));
  });
}
