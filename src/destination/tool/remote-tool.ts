/**
 * What a program for uploads is told and how its answers are read: argument lists, never a shell. Pure; the calls are
 * made in run-call.ts.
 */

/** Names in one call: at 255 bytes each and a path before them, within what any system takes. */
const MOST_NAMES = 500;

export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  /** Working folder; the process's own when absent. */
  readonly folder?: string | undefined;
  /** A file that it reads on its stdin. */
  readonly input?: string | undefined;
  /** What has it clean up and end; SIGTERM when absent. */
  readonly endedBy?: 'SIGINT' | undefined;
}

/** How a call ended. */
export interface ToolEnd {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  /** The last part of it. */
  readonly stderr: string;
}

/** What a tool tells of a file that is there. Hashes in lower-case hex, where it has them. */
export interface RemoteFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
}

/** Questions of what is there. */
export interface Looking {
  list(): ToolCall;
  stat(name: string): ToolCall;
  /**
   * The files of an answer to either.
   * @returns undefined when the call failed; an empty list when there is nothing
   */
  read(end: ToolEnd): readonly RemoteFile[] | undefined;
}

/** Many small files at once, by their paths below the folder on the other side. */
export interface Tree {
  /**
   * Copy what is in a local folder, in place of what has those paths; nothing else there is touched. One call after the
   * other, a bounded number of them.
   * @param entries - the names in the folder itself
   * @param attempt - a name of its own, for what is not whole yet
   */
  put(folder: string, entries: readonly string[], attempt: string): readonly ToolCall[];
  /** Every file, a line each; absent where that is not told: then an exit code of 0 is believed. */
  readonly list?: ToolCall | undefined;
  /** A file of a line of `list`; undefined for any other line. */
  readLine?(line: string): ListedPath | undefined;
}

export interface ListedPath {
  readonly path: string;
  readonly bytes: number;
}

/** A folder on the other side, by the calls that act on it. Names are plain file names. */
export interface RemoteTool {
  /** Its program. */
  readonly name: string;
  /** What somebody does who does not have it. */
  readonly install: string;
  /** The folder as the tool has it, for people too. */
  readonly root: string;
  /** Make the folder. Repeating it is harmless. */
  readonly prepare: readonly ToolCall[];
  /** Copy a local file, whose last part is `name`, in place of what has that name. One call after the other. */
  put(file: string, name: string): readonly ToolCall[];
  /** The same for what comes on its stdin. Where it ends early, the other side may have a part of it. */
  readonly pour?: ((name: string) => ToolCall) | undefined;
  /** Absent where nothing is told: then an exit code of 0 is believed. */
  readonly look?: Looking | undefined;
  /** The content to stdout. */
  readonly read?: ((name: string) => ToolCall) | undefined;
  /** Absent where it would take a call for every file. */
  readonly tree?: Tree | undefined;
  readonly remove?: ((name: string) => ToolCall) | undefined;
  /** Give a file another name, in place of what has that one. Fails when there is no such file. */
  readonly move?: ((from: string, to: string) => ToolCall) | undefined;
}

/** `root/name`, with one slash between them. */
export function below(root: string, name: string): string {
  return /[/:]$/.test(root) ? `${root}${name}` : `${root}/${name}`;
}

/** As many names as fit into a call. */
export function batchesOf(names: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  for (let at = 0; at < names.length; at += MOST_NAMES) batches.push(names.slice(at, at + MOST_NAMES));
  return batches;
}

/** The last part of a path. */
export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Hashes are written in base64 by some, in hex by others. @returns lower-case hex, undefined for neither */
export function asHex(hash: string | undefined, bytes: number): string | undefined {
  if (hash === undefined) return undefined;
  if (new RegExp(`^[0-9a-f]{${bytes * 2}}$`, 'i').test(hash)) return hash.toLowerCase();
  const decoded = Buffer.from(hash, 'base64');
  return decoded.byteLength === bytes ? decoded.toString('hex') : undefined;
}

/** The value of JSON text; undefined where it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
