/** Where the bytes of a manifest's file are: in a file here, or behind a URL. */
import type { FlowDcError } from '../../errors.ts';
import type { DetectedFormat, ManifestFile, ManifestFormat } from './manifest-info.ts';
import type { HiveColumns } from './remote/hive-folders.ts';
import type { RemoteFile, RemoteParts } from './remote/remote-file.ts';

export type FileSource = LocalSource | RemoteSource | InnerSource;

interface NamedSource {
  /** In messages, records and the column of source files. */
  readonly name: string;
  /** What whoever sent it calls it. */
  readonly typed?: ManifestFormat | undefined;
  /** Columns that its folders give. */
  readonly hive?: HiveColumns | undefined;
  /** What to say where it turns out to be a page. */
  readonly pageError?: FlowDcError | undefined;
  /** Of an archive: the table that is meant, or a pattern of those that are. */
  readonly member?: string | undefined;
  /** What it is in, in words. */
  readonly within?: string | undefined;
}

export interface LocalSource extends NamedSource {
  readonly path: string;
}

export interface RemoteSource extends NamedSource {
  readonly remote: RemoteFile;
}

/** Bytes that come out of another file, from their first one on. */
export interface InnerSource extends NamedSource {
  readonly inner: InnerFile;
}

export interface InnerFile {
  /** As many as say whether it is the same file: those of its text, or of what it is made of. */
  readonly bytes: number;
  /** @param warn - told what the user should know, where they are made of something else */
  chunks(signal: AbortSignal, warn?: (message: string) => void): AsyncIterable<Buffer>;
  close(): Promise<void>;
  /** Where they are made of something else: some of the first ones. */
  head?(signal: AbortSignal): Promise<Buffer>;
  /** The first of `chunks` is a long time coming. */
  readonly isSlow?: boolean;
  /** With it, what tells one such file from another. */
  telling?(signal: AbortSignal): Promise<Buffer>;
  /** What is known of them without a look. */
  readonly format?: DetectedFormat | undefined;
  readonly urlColumn?: string | undefined;
}

/** As much of a source as reading parts of it needs. */
export type ReadableSource = LocalSource | (NamedSource & { readonly remote: RemoteParts });

/** What was found out about a file when a manifest was looked into is used again when it is read. */
const SOURCES = new WeakMap<ManifestFile, FileSource>();

export function localSource(path: string): LocalSource {
  return { name: path, path };
}

export function sourceOf(file: ManifestFile): FileSource {
  return SOURCES.get(file) ?? localSource(file.name);
}

export function withSource(file: ManifestFile, source: FileSource): ManifestFile {
  SOURCES.set(file, source);
  return file;
}

export function isRemote<Source extends ReadableSource | InnerSource>(
  source: Source,
): source is Exclude<Source, LocalSource | InnerSource> {
  return 'remote' in source;
}

export function isInner<Source extends ReadableSource | InnerSource>(source: Source): source is Source & InnerSource {
  return 'inner' in source;
}

/** Whatever was opened for it is closed, until it is read again. */
export async function closeSource(source: FileSource): Promise<void> {
  if (isRemote(source)) await source.remote.close();
  else if (isInner(source)) await source.inner.close();
}

/** What it is in, in words, with what that is in itself. */
export function within(source: FileSource, what: string): string {
  return source.within === undefined ? what : `${source.within} > ${what}`;
}
