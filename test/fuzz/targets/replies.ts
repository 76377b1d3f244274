/** Mutated replies on real sockets through the fetch stage: one outcome of the table for every row, whatever came. */
import { Readable } from 'node:stream';
import { FixedLimit } from '../../../src/paarc/limit.ts';
import type { RowResult } from '../../../src/record.ts';
import { ROW_CODES } from '../../../src/row-codes.ts';
import { fetchRows } from '../../../src/stages/fetch/fetch-rows.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { type MadeReply, makeReply } from '../replies/made-replies.ts';
import { startRawOrigin } from '../replies/raw-origin.ts';
import type { FuzzRun } from '../target.ts';

/** Rows of one stage, all in flight at once, and how long they may take. */
const BATCH = 512;
const [TIMEOUT_MS, HANG_MS] = [200, 30_000];
const [MAX_BYTES, MAX_MESSAGE, MAX_GROWTH] = [128 * 1024, 600, 400 * 1024 * 1024];

type Row = { readonly number: number; readonly url: string };

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ cases: number }> {
  const random = seededRandom(seed);
  let cases = 0;
  let firstRss: number | undefined;
  while (goOn()) {
    const replies = Array.from({ length: BATCH }, () => makeReply(random));
    const fail = (number: number, flaw: string): void => {
      process.stdout.write(`${flaw}\n`);
      save(`${seed}-${cases + number}.json`, written([replies[number] as MadeReply]));
    };
    const crashed = (error: Error): void => {
      process.stdout.write(`not caught by anybody: ${error.stack}\n`);
      save(`${seed}-${cases}-crash.json`, written(replies));
      process.exit(1);
    };
    process.once('uncaughtException', crashed);
    const flaws = await flawsOf(replies);
    process.off('uncaughtException', crashed);
    for (const [number, flaw] of flaws) fail(number, flaw);
    cases += BATCH;
    const { rss } = process.memoryUsage();
    if (firstRss === undefined && cases >= 4 * BATCH) firstRss = rss;
    if (firstRss !== undefined && rss - firstRss > MAX_GROWTH)
      throw new Error(`memory grew from ${firstRss} to ${rss}`);
  }
  return { cases };
}

export async function replay(bytes: Uint8Array): Promise<void> {
  const flaws = await flawsOf(read(bytes));
  for (const flaw of flaws.values()) throw new Error(flaw);
}

/** Fetch every reply once. @returns what is wrong, by the number of the reply */
async function flawsOf(replies: readonly MadeReply[]): Promise<Map<number, string>> {
  const origin = await startRawOrigin((number) => replies[number]);
  const rows: Row[] = replies.map(({ isSecure }, number) => ({
    number,
    url: `http${isSecure ? 's' : ''}://h${number % 64}.test/${number}`,
  }));
  const stage = fetchRows<Row>({
    url: (row) => row.url,
    connectTo: [...origin.rules],
    insecure: true,
    createLimit: () => new FixedLimit(8),
    timeoutMs: TIMEOUT_MS,
    maxAttempts: 1,
    maxRetryAfterMs: 0,
    retryBackoffMs: 0,
    breakerFailures: BATCH,
    maxBytes: MAX_BYTES,
    spillBytes: 65_536,
    bodyMemoryBytes: 1_048_576,
  });
  const flaws = new Map<number, string>();
  const seen = new Set<number>();
  const hang = setTimeout(() => stage.destroy(new Error('hangs')), HANG_MS);
  try {
    Readable.from(rows).pipe(stage);
    for await (const result of stage as AsyncIterable<RowResult<Row>>) {
      const { number } = result.row;
      const flaw = seen.has(number) ? 'a second outcome' : flawOf(result, replies[number] as MadeReply);
      if (flaw !== undefined) flaws.set(number, flaw);
      seen.add(number);
      result.release();
    }
    const { inFlight, queued, bodyBytesHeld } = stage.stats();
    if (inFlight + queued + bodyBytesHeld !== 0)
      flaws.set(0, `left over: ${JSON.stringify({ inFlight, queued, bodyBytesHeld })}`);
  } catch (error) {
    for (const { number } of rows) if (!seen.has(number)) flaws.set(number, `no outcome: ${(error as Error).stack}`);
  } finally {
    clearTimeout(hang);
    await origin.close();
  }
  for (const { number } of rows) if (!seen.has(number) && !flaws.has(number)) flaws.set(number, 'no outcome');
  return flaws;
}

function flawOf({ status, code, message = '', body, bytes }: RowResult<Row>, reply: MadeReply): string | undefined {
  if (message.length > MAX_MESSAGE) return `a message of ${message.length} characters`;
  if (bytes > MAX_BYTES) return `${bytes} bytes, more than are allowed`;
  if (status === 'fetched') {
    if (code !== undefined) return `fetched, with the code ${code}`;
    if (reply.isCut) return `a reply that was cut is told as fetched, ${bytes} bytes`;
    return bytes === 0 || (Buffer.isBuffer(body) && body.length !== bytes) ? `fetched, ${bytes} bytes` : undefined;
  }
  if (code === undefined) return `${status} without a code`;
  if (code === 'unknown_error' || code === 'unit_failed' || code === 'local_shortage') return `${code}: ${message}`;
  return code in ROW_CODES || /^http_\d{3}$/.test(code) ? undefined : `the code ${code} is in no table`;
}

function written(replies: readonly MadeReply[]): Buffer {
  const texts = replies.map(({ pieces, ...reply }) => ({
    ...reply,
    pieces: pieces.map((piece) => piece.toString('base64')),
  }));
  return Buffer.from(JSON.stringify(texts));
}

function read(bytes: Uint8Array): MadeReply[] {
  const texts = JSON.parse(Buffer.from(bytes).toString()) as (Omit<MadeReply, 'pieces'> & { pieces: string[] })[];
  return texts.map(({ pieces, ...reply }) => ({
    ...reply,
    pieces: pieces.map((piece) => Buffer.from(piece, 'base64')),
  }));
}
