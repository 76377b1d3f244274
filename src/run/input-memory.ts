/** What a job remembers of its input for later runs, in its folder or in its store. */

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type FolderPaths, folderPaths } from '../destination/folder-layout.ts';
import { STDOUT_NAME } from '../destination/stream-destination.ts';
import { FlowDcError } from '../errors.ts';
import { schemeOf, shownUrl } from '../host/remote-url.ts';
import { noteContents } from '../job/job-file.ts';

/** Files on this machine, and what makes them last. */
export interface InputMemory {
  /** What was read from stdin, whole; and while it is being read. */
  readonly keptInput: string;
  readonly partialInput: string;
  /** Row numbers at which live input paused so long that a window was closed; a line each. */
  readonly lingers: string;
  /** One of these files has its content now: it lasts from here on. */
  keep(file: 'keptInput' | 'lingers'): Promise<void>;
  /** Remember what was read. @param contents - sha256 of all of an input, by its name */
  noteContents(contents: ReadonlyMap<string, string>): Promise<void>;
}

/** How an input is named for later runs, wherever they start. Of a URL that is signed, a resume has to be told again. */
export function rememberedInput(input: string): string {
  if (input === '-') return input;
  return schemeOf(input) === undefined ? resolve(input) : shownUrl(input);
}

/** A job's folder remembers by having the files. */
export function folderMemory(paths: FolderPaths): InputMemory {
  const { keptInput, partialInput, lingers } = paths;
  return {
    ...{ keptInput, partialInput, lingers },
    keep: async () => {},
    noteContents: (contents) => noteContents(paths, contents),
  };
}

/** What there is to know of a pipe before its job is opened. */
export interface PipePlace {
  /** Beginning of the path of a temporary file, where there is room for all of it; undefined for the system's own. */
  readonly spool: string | undefined;
  /**
   * A file with what an earlier run has kept, whole. Errors: FDC_ERR_MANIFEST_NOT_FOUND when it was not kept to its
   * end.
   */
  kept(): Promise<string>;
}

/** Of an output folder. */
export function folderPipe(output: string, createTar: boolean): PipePlace {
  const root = resolve(output);
  return {
    spool: output === 'none:' || output === STDOUT_NAME ? undefined : join(dirname(root), `.${basename(root)}.stdin-`),
    kept: async () => {
      const { keptInput, partialInput } = folderPaths(output, createTar ? 'shards' : 'files');
      if (existsSync(keptInput)) return keptInput;
      throw notKept(output, keptInput, existsSync(partialInput) || existsSync(beginningOf(partialInput)));
    },
  };
}

/** What an earlier run has read of a pipe before it was stopped. */
export function beginningOf(partialInput: string): string {
  return `${partialInput}.before`;
}

/** @param wasCut - the pipe was begun to be read */
export function notKept(output: string, keptInput: string, wasCut: boolean): FlowDcError {
  const before = wasCut ? 'stdin was not read to its end before' : `what was kept of stdin is gone (${keptInput})`;
  const again = wasCut ? 'the whole manifest' : 'the same manifest';
  return new FlowDcError(
    'FDC_ERR_MANIFEST_NOT_FOUND',
    `${before}: pipe ${again} again, ... | flow-dc download - -o ${output}`,
  );
}
