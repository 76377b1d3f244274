/** The hashed list that stands for a folder of loose files: JSON lines of {path, bytes, sha256}. */
import { open } from 'node:fs/promises';
import { FlowDcError } from '../errors.ts';
import { listedPath } from './folder-layout.ts';

/** Artifacts with this ending are lists: rolling one forward moves the files that it names. */
export const FILE_LIST_SUFFIX = '.files';

export interface ListedFile {
  /** Relative to the output folder, `/` between its parts. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export function formatListedFile(file: ListedFile): string {
  return `${JSON.stringify({ path: file.path, bytes: file.bytes, sha256: file.sha256 })}\n`;
}

/** The files of a list, with paths that are safe to join. Errors: FDC_ERR_DEST_IO for a line that is neither. */
export async function* readFileList(listPath: string): AsyncGenerator<ListedFile> {
  const handle = await open(listPath, 'r');
  try {
    for await (const line of handle.readLines()) yield parseListedFile(line, listPath);
  } finally {
    await handle.close();
  }
}

function parseListedFile(line: string, listPath: string): ListedFile {
  try {
    const { path, bytes, sha256 } = JSON.parse(line) as Partial<ListedFile>;
    if (typeof path === 'string' && typeof bytes === 'number' && typeof sha256 === 'string')
      return { path: listedPath(path), bytes, sha256 };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${listPath}: expected lines of {path, bytes, sha256}, got ${JSON.stringify(line.slice(0, 80))}`,
  );
}
