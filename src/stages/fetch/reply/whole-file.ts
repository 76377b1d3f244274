/** Whether a success promises the whole file and nothing else, by its status and headers. */
import type { RowCode } from '../../../row-codes.ts';

export interface NotTheFile {
  readonly code: RowCode;
  readonly message: string;
}

/** OK, and the same from a proxy that may have changed it. */
const WHOLE: ReadonlySet<number> = new Set([200, 203]);

/** Of a 206 that nobody asked for. */
export interface Part {
  /** Content-Range. */
  readonly range: string | undefined;
  readonly bodyBytes: number | undefined;
}

/**
 * @param status - 200 to 299
 * @param transferCodings - Transfer-Encoding, all of its lines
 * @returns undefined when the body is the file
 */
export function notTheFile(
  status: number,
  transferCodings: string | readonly string[] | undefined,
  part: Part | undefined,
): NotTheFile | undefined {
  if (transferCodings !== undefined && !isPlainlyChunked(transferCodings)) {
    const named = [transferCodings].flat().join(', ').slice(0, 80);
    // The parser hands such a body on with its framing inside.
    return { code: 'protocol_error', message: `Transfer-Encoding '${named}' cannot be undone` };
  }
  if (status === 204 || status === 205) return { code: 'empty_body', message: `HTTP status ${status}` };
  if (WHOLE.has(status)) return undefined;
  if (status !== 206) return { code: `http_${status}`, message: `HTTP status ${status} does not bring the file` };
  if (part === undefined || isAll(part)) return undefined;
  return {
    code: 'http_206',
    message: `a part that nobody asked for: ${part.range?.slice(0, 80) ?? 'of unknown place'}`,
  };
}

/**
 * How long the body of a 206 is that is taken for the file, by its Content-Range: without a Content-Length only the
 * bytes that came tell whether it is.
 */
export function promisedBytes(range: string | undefined): number | undefined {
  const match = /^\s*bytes\s+0-(\d+)\/(\d+)\s*$/i.exec(range ?? '');
  const total = Number(match?.[2]);
  return Number(match?.[1]) + 1 === total ? total : undefined;
}

/**
 * Of any other coding, also beside it, the framing stays inside; the same said twice is done once. `identity` is none any more since
 * RFC 7230.
 */
function isPlainlyChunked(transferCodings: string | readonly string[]): boolean {
  return /^\s*chunked(\s*,\s*chunked)*\s*$/i.test([transferCodings].flat().join(','));
}

/** RFC 9110, 14.4: `bytes 0-644/645` is all of it, unless the body is shorter; a total of `*` is anybody's guess. */
function isAll({ range, bodyBytes }: Part): boolean {
  const total = promisedBytes(range);
  return total !== undefined && (bodyBytes ?? total) === total;
}
