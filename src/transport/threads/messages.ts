/** What a thread and its process's channel say to each other about units. */
import { decodeBatch, encodeBatch } from '../../arrow/batch-bytes.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { HostRows, Unit, UnitId, UnitRecord } from '../../record.ts';

/** A unit on its way: its rows as an Arrow IPC stream, whose memory changes hands instead of being copied. */
export interface SentUnit {
  readonly id: UnitId;
  readonly shard: string;
  readonly hosts: readonly HostRows[];
  readonly rows: Uint8Array<ArrayBuffer>;
}

export type ToChannel =
  | { readonly op: 'next'; readonly call: number }
  /** The caller of `next` does not wait any more. */
  | { readonly op: 'forget'; readonly call: number }
  | { readonly op: 'ack'; readonly call: number; readonly lease: number }
  | { readonly op: 'nak'; readonly call: number; readonly lease: number; readonly delayMs: number }
  | { readonly op: 'fail'; readonly call: number; readonly lease: number; readonly message: string }
  /** A unit that was not begun is left to another thread; no answer. */
  | { readonly op: 'pass'; readonly lease: number }
  | { readonly op: 'commit'; readonly call: number; readonly record: UnitRecord }
  | { readonly op: 'record'; readonly call: number; readonly unit: UnitId };

export type FromChannel =
  | {
      readonly op: 'unit';
      readonly call: number;
      readonly lease: number;
      readonly unit: SentUnit;
      readonly attempt: number;
      readonly errors: number;
      readonly isSuspect: boolean | undefined;
    }
  /** The answer to a call; undefined for the end of the job. */
  | { readonly op: 'answer'; readonly call: number; readonly value?: unknown }
  | { readonly op: 'failed'; readonly call: number; readonly error: SentError }
  /** A unit is not the thread's any more. */
  | { readonly op: 'lost'; readonly lease: number; readonly error: SentError };

/** An error on its way: FlowDcErrors stay what they are. */
export interface SentError {
  readonly code: string | undefined;
  readonly message: string;
}

/** One end of the line: a message port, or two functions in a test. */
export interface ChannelPort {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

export function packUnit({ id, shard, hosts, rows }: Unit): SentUnit {
  const bytes = encodeBatch(rows);
  // The writer's buffer may be larger than the stream, and would go along as a whole.
  return { id, shard, hosts, rows: new Uint8Array(bytes) };
}

export function unpackUnit({ id, shard, hosts, rows }: SentUnit): Unit {
  return { id, shard, hosts, rows: decodeBatch(rows) };
}

export function packError(error: unknown): SentError {
  const code = isFlowDcError(error) ? error.code : undefined;
  return { code, message: error instanceof Error ? error.message : String(error) };
}

export function unpackError({ code, message }: SentError): Error {
  return code === undefined ? new Error(message) : new FlowDcError(code as FlowDcError['code'], message);
}
