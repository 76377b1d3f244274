/** What an object store may be told beyond its URL. Credentials are not among it: they come from the usual chain. */
import type { Clock } from '../../clock.ts';
import type { ProxySettings } from '../../network/proxy.ts';

export interface S3Settings extends ProxySettings {
  /** URL of a server that speaks S3; default: AWS, or what AWS_ENDPOINT_URL_S3 or the profile says. */
  readonly endpoint?: string | undefined;
  /** Default: what AWS_REGION or the profile says, else us-east-1, whence AWS leads on to the bucket's own. */
  readonly region?: string | undefined;
  /** Profile of the shared AWS files; default: AWS_PROFILE, else `default`. */
  readonly profile?: string | undefined;
  /** Whether the bucket stands in the path of URLs rather than in their host name; default: with an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Bytes of one part of an upload, at least 5 MiB. It grows where an object would need more than 10,000 parts. */
  readonly partBytes?: number | undefined;
  /**
   * Memory for parts on their way, bytes. Beside it, each open upload has one part that is being filled. Default:
   * 64 MiB.
   */
  readonly bufferBytes?: number | undefined;
  /** A connection on which nothing moves for so long is given up and the call made again, ms. Default: a minute. */
  readonly silentMs?: number | undefined;
  /** Told once of everything that the store cannot do, a line each. */
  readonly onNotice?: ((line: string) => void) | undefined;
  /** Told of a store that is waited for, a line each time it goes away. */
  readonly onWait?: ((line: string) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 to below 1, for the spread of retries. */
  readonly random?: (() => number) | undefined;
}

export const LEAST_PART_BYTES = 5 * 1024 * 1024;
export const DEFAULT_SILENT_MS = 60_000;
export const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024;
