/** Inputs that are URLs, made into files: of a web server one each, of an object store also prefixes and patterns. */
import { type Clock, systemClock } from '../../../clock.ts';
import { FlowDcError } from '../../../errors.ts';
import { byteSize } from '../../../format.ts';
import { schemeOf, shownUrl } from '../../../host/remote-url.ts';
import type { NetworkOptions } from '../../../network/network-settings.ts';
import type { S3Settings } from '../../../store/s3/settings.ts';
import { publish } from '../../../telemetry/channels.ts';
import { pageInstead } from './http-errors.ts';
import { HttpNetwork } from './http-network.ts';
import { HttpOrigin } from './http-origin.ts';
import { type Patience, patiently, RemoteFile } from './remote-file.ts';
import { spool } from './spool.ts';

/** Which files of a folder are meant by its name; adds to the warnings what the user should know. */
export type Among = (folder: string, names: readonly string[], warnings: string[]) => string[];

export interface RemoteOptions {
  /** As for rows: `ca_file`, `connect_to`, `allow_private` (for redirects) and the like. */
  readonly network?: NetworkOptions | undefined;
  /** How object stores are reached. */
  readonly store?: S3Settings | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
}

/** A file that a URL stands for: behind it, or copied to `path`. */
export type FoundFile = {
  readonly name: string;
  readonly contentType?: string | undefined;
  /** What to say where it turns out to be a page. */
  readonly pageError?: FlowDcError | undefined;
} & ({ readonly remote: RemoteFile } | { readonly path: string });

export interface Remotes {
  /**
   * @param warnings - grows by what the user should know
   * @param among - tells manifests from what lies beside them
   * Errors: FDC_ERR_MANIFEST_NOT_FOUND with what to do, FDC_ERR_CONFIG_INVALID for what is no URL.
   */
  find(input: string, warnings: string[], among: Among): Promise<readonly FoundFile[]>;
}

/** Whoever wrote a wrong name wants to hear it soon; whoever is in the middle of a manifest wants to go on. */
const TRIES_AT_FIRST = 4;
const TRIES_LATER = 10;

/** @param signal - ends whatever is under way */
export function createRemotes(
  { network = {}, store = {}, clock = systemClock, random = Math.random }: RemoteOptions,
  signal: AbortSignal,
): Remotes {
  const atFirst: Patience = { clock, random, tries: TRIES_AT_FIRST };
  const later: Patience = { clock, random, tries: TRIES_LATER };
  return {
    find: async (input, warnings, among) =>
      /^http/i.test(input)
        ? [await onWeb(input, new HttpNetwork(network, clock), warnings)]
        : inStore(input, (folder, names) => among(folder, names, warnings)),
  };

  async function inStore(
    input: string,
    pick: (folder: string, names: readonly string[]) => string[],
  ): Promise<FoundFile[]> {
    const [, bucketName = input, key = ''] = /^([^/]+:\/\/[^/]*)\/?(.*)$/s.exec(input) ?? [];
    if (/(^|\/)\.\.?(\/|$)/.test(key))
      throw new FlowDcError('FDC_ERR_CONFIG_INVALID', `${input}: expected a key without the parts . and ..`);
    const { objectsOf, Bucket, StoredOrigin } = await import('./stored.ts');
    const bucket = new Bucket(bucketName, { clock, random, ...store });
    try {
      const origins = (await objectsOf(bucket, key, pick)).map((object) => new StoredOrigin(bucket, object));
      return origins.map((origin) => ({ name: origin.name, remote: new RemoteFile(origin, origin.version, later) }));
    } finally {
      await bucket.close();
    }
  }

  async function onWeb(input: string, http: HttpNetwork, warnings: string[]): Promise<FoundFile> {
    if (!URL.canParse(input))
      throw new FlowDcError(
        'FDC_ERR_CONFIG_INVALID',
        `${shownUrl(input)} is no URL: expected ${schemeOf(input)}://HOST/PATH`,
      );
    const origin = new HttpOrigin(input, http);
    try {
      const { version, contentType } = await patiently(origin.name, atFirst, signal, () => origin.meet(signal));
      const about = { name: origin.name, contentType, pageError: pageInstead(new URL(input)) };
      if (version !== undefined) return { ...about, remote: new RemoteFile(origin, version, later) };
      const message = `${origin.name}: its server gives no parts of files, so all of it is downloaded first`;
      publish('flow-dc:waiting', () => ({ message }));
      const { path, bytes } = await spool(origin, later, signal);
      warnings.push(
        `${origin.name}: its server gives no parts of files, so all of it (${byteSize(bytes)}) was downloaded first`,
      );
      return { ...about, path };
    } finally {
      await origin.close();
    }
  }
}
