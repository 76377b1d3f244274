/** What the engine is asked to do and what it answers; the streams on top of it add rows and units. */

import type { AnnouncedBody } from '../../record.ts';
import type { RowCode } from '../../row-codes.ts';
import type { AcceptedBody } from './reply/accept-body.ts';
import type { Timing } from './reply/attempt.ts';

/** How a row ended, without the row: the caller adds its own. */
export interface RowEnd {
  readonly status: 'fetched' | 'failed' | 'skipped';
  readonly code?: RowCode;
  readonly message?: string;
  readonly host: string;
  readonly accepted?: AcceptedBody;
  readonly httpStatus?: number;
  readonly timing?: Timing;
  readonly attempts: number;
  /** Time from the row's arrival to its sends, pauses between attempts included; absent when it was never queued. */
  readonly queueMs?: number;
  readonly finalUrl?: string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Of a request for headers only: what they tell of the body. */
  readonly announced?: AnnouncedBody;
  /** Bytes of the body budget that the row still holds. */
  readonly reservedBytes: number;
}

export interface FetchTask {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** HEAD, or a GET that is over when its headers are here; a GET with its body by default. */
  readonly wants?: 'head' | 'headers';
  /** Asked when the row's turn comes. */
  isDropped(): boolean;
  /** Called exactly once, unless the row was dropped. */
  end(end: RowEnd): void;
  /** Registers how to stop the attempt in flight, and how many there have been with it; replaced with each attempt. */
  onAbortable?(abort: () => void, attempts: number): void;
}
