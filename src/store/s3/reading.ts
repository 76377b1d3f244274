/** Objects read back: small ones whole, others as a stream that goes on where its connection broke. */
import { type ByteRange, tooLarge } from '../object-store.ts';
import { faultOf, kindOf, ofStore, storeError } from './faults.ts';
import type { S3Calls } from './s3-calls.ts';

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** Breaks in a row without a byte between them. */
const MOST_BREAKS = 10;

/** Errors: FDC_ERR_DEST_IO for one that is longer than `mostBytes`. */
export function readObject(
  calls: S3Calls,
  name: string,
  place: Place,
  mostBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  return calls.call(name, { what: `read ${place.Key}` }, async (abortSignal) => {
    const { Body } = ofStore(await calls.client.send(new calls.sdk.GetObjectCommand(place), { abortSignal }));
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    // Counted, because a length need not be told. Leaving the loop ends the connection.
    for await (const chunk of (Body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw tooLarge(`${calls.scheme}://${place.Bucket}/${place.Key}`, mostBytes);
      chunks.push(chunk);
    }
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  });
}

/** What a store says that knows the condition. */
const ANOTHER = { name: 'PreconditionFailed', message: 'it has changed', $metadata: { httpStatusCode: 412 } };

/** Rejects when there is no such object, or another one. */
export async function readOnwards(
  calls: S3Calls,
  name: string,
  place: Place,
  { start, end, etag }: ByteRange = { start: 0 },
): Promise<AsyncIterable<Uint8Array>> {
  if (end !== undefined && end <= start) return none();
  const openAt = (from: number, tag: string | undefined) =>
    calls.call(name, { what: `read ${place.Key}` }, (abortSignal) =>
      calls.client.send(
        new calls.sdk.GetObjectCommand({
          ...place,
          ...(from === 0 && end === undefined ? {} : { Range: `bytes=${from}-${end === undefined ? '' : end - 1}` }),
          // What follows must be of the same object.
          ...(tag === undefined ? {} : { IfMatch: tag }),
        }),
        { abortSignal },
      ),
    );
  const first = await openAt(start, etag);
  if (etag !== undefined && first.ETag !== etag) throw storeError(ANOTHER, name, `read ${place.Key}`, 0);
  return (async function* () {
    let at = start;
    let { Body: body } = first;
    for (let breaks = 0; ; ) {
      try {
        for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
          breaks = 0;
          at += chunk.byteLength;
          yield chunk;
        }
        return;
      } catch (thrown) {
        breaks += 1;
        const kind = kindOf(faultOf(thrown));
        if (kind !== 'passing' || breaks > MOST_BREAKS) throw storeError(thrown, name, `read ${place.Key}`, 0);
        if (end !== undefined && at >= end) return;
      }
      ({ Body: body } = await openAt(at, first.ETag));
    }
  })();
}

async function* none(): AsyncGenerator<Uint8Array> {}
