/** What holds the stored samples of one unit. */
import type { SampleJson } from '../../dataset/sample-json.ts';
import type { StagedFolder, Staging } from '../../destination/destination.ts';
import type { Artifact, FetchResult } from '../../record.ts';
import { readSpilled, type TarEntry, TarFile } from './tar-file.ts';

/** What holds the stored samples of one unit. */
export interface SampleContainer {
  /**
   * Write a stored result under `stem` (a path without extension).
   * @returns the path of the sample's body, and its hash when writing found it out
   */
  add(result: FetchResult, stem: string, extension: string): Promise<StoredSample>;
  close(): Promise<Artifact>;
}

export interface StoredSample {
  readonly name: string;
  readonly sha256: string | undefined;
}

export interface TarContainerOptions {
  readonly name: string;
  readonly compress: boolean;
  /** Set for webdataset: metadata beside every body. */
  readonly json?: SampleJson | undefined;
  /** Write captions as `.txt`, also empty ones: loaders want the same fields in every sample. */
  readonly captions: boolean;
}

/** One tar archive per unit. */
export async function openTarContainer(staging: Staging, options: TarContainerOptions): Promise<SampleContainer> {
  const tar = new TarFile(await staging.createFile(options.name), options.compress);
  return {
    add: async (result, stem, extension) => {
      const name = `${stem}.${extension}`;
      const entries: TarEntry[] = [{ name, body: bodyOf(result) }];
      if (options.captions) entries.push({ name: `${stem}.txt`, body: Buffer.from(result.row.caption ?? '') });
      if (options.json !== undefined) entries.push({ name: `${stem}.json`, body: options.json(result, result.sha256) });
      await tar.add(entries);
      return { name, sha256: result.sha256 };
    },
    close: () => tar.close(),
  };
}

/** One file per sample, in folders by label. */
export async function openFileContainer(staging: Staging, name: string): Promise<SampleContainer> {
  const folder: StagedFolder = await staging.createFolder(name);
  return {
    add: async (result, stem, extension) => {
      const path = `${stem}.${extension}`;
      const file = await folder.createFile(path);
      const body = bodyOf(result);
      if (body instanceof Uint8Array) await file.write([body]);
      else for await (const chunk of readSpilled(body)) await file.write([chunk]);
      const { sha256 } = await file.close();
      return { name: path, sha256 };
    },
    close: () => folder.close(),
  };
}

function bodyOf({ body, row, unit }: FetchResult): NonNullable<FetchResult['body']> {
  if (body === undefined) throw new TypeError(`unit ${unit.id}, row ${row.row}: expected a body with status fetched`);
  return body;
}
