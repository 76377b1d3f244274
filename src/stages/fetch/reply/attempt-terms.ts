/** What an attempt is given and what it answers. */
import type { Clock } from '../../../clock.ts';
import type { Connector } from '../../../network/connector.ts';
import type { AnnouncedBody } from '../../../record.ts';
import type { RowCode } from '../../../row-codes.ts';
import type { CollectedBody, CollectorOptions } from './body-collector.ts';
import type { Deadlines } from './deadline.ts';
import type { ReplyHeaders } from './reply-headers.ts';

export interface AttemptSettings extends CollectorOptions {
  readonly clock: Clock;
  readonly minBytesPerSecond: number;
  readonly maxBytes: number;
  readonly robotsTags: readonly string[];
  /** Tell what redirects ask to be remembered. */
  readonly cookies: boolean;
  readonly connector: Pick<Connector, 'isFresh' | 'hasFailedWith' | 'waitsFor'>;
  /** True while the body waits for memory that other bodies hold: the caller counts it as client-limited. */
  readonly onClientWait: (waiting: boolean) => void;
  /** Judges the minimum throughput, window by window. */
  readonly windows: Deadlines;
  /** Our own disk or our own code failed: fatal for the stage. */
  readonly onCrash: (error: Error) => void;
  /** Takes care of clean-up that goes on after the attempt's end. */
  readonly background: (work: Promise<void>) => void;
}

export interface Timing {
  /** From the start of the request on the wire to response headers; equals serviceMs when none came. */
  readonly headersMs: number;
  /** From the start of the request on the wire (of connecting, if it never got there) to the end. */
  readonly serviceMs: number;
  readonly bytes: number;
}

export type AttemptEnd = Timing &
  (
    | (CollectedBody & { readonly kind: 'body'; readonly status: number; readonly headers: ReplyHeaders })
    | {
        readonly kind: 'redirect';
        readonly status: number;
        readonly location: string | undefined;
        readonly cookies?: readonly string[] | undefined;
      }
    | { readonly kind: 'headers'; readonly status: number; readonly announced: AnnouncedBody }
    | {
        readonly kind: 'failed';
        readonly code: RowCode;
        readonly message: string;
        readonly status?: number | undefined;
        readonly retryAfterMs?: number | undefined;
        /**
         * A connection kept from earlier requests was gone before it brought a byte of this reply: nobody's failure.
         */
        readonly staleConnection: boolean;
        /** A strict parser cannot read the reply; a mended one it might. */
        readonly isMendable?: boolean | undefined;
        /** What we go through to reach anybody is away: no row is to blame. */
        readonly isOurs?: boolean | undefined;
      }
  );

export type FailedAttempt = AttemptEnd & { readonly kind: 'failed' };

/** An attempt that brought something, which is of no use. */
export function failedAs(code: RowCode, message: string, timing: Timing, status?: number): FailedAttempt {
  const { headersMs, serviceMs, bytes } = timing;
  return { kind: 'failed', code, message, status, staleConnection: false, headersMs, serviceMs, bytes };
}

export interface AttemptRequest {
  readonly path: string;
  /** Of the URL. */
  readonly hostname: string;
  readonly headers: Record<string, string>;
  readonly wants: 'head' | 'headers' | undefined;
  /** What redirects took of the attempt's time, ms. */
  readonly spentMs: number;
}

/** Whoever started an attempt. */
export interface AttemptOwner {
  /** @param isReusable - the connection can take another request at once */
  onEnd(result: AttemptEnd, isReusable: boolean): void;
}
