/** Sums that go with what is sent, so that a store refuses bytes that were damaged on the way. */
import { createHash } from 'node:crypto';

/** As much of a request as is looked at here. */
interface SentRequest {
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

type Handler = (args: { request: unknown }) => Promise<unknown>;

interface Stack {
  // biome-ignore lint/suspicious/noExplicitAny: the stack of every command has input and output of its own
  add(middleware: any, options: any): void;
}

/**
 * The SHA-256 of the body stands in the signed header x-amz-content-sha256, which every store checks that checks
 * signatures. Given here, the client library does not hash the body once more.
 * @param sha256 - lower-case hex
 */
export function sentBytes(stack: Stack, sha256: string): void {
  change(stack, 'flowDcContentSha256', ({ headers }) => {
    headers['x-amz-content-sha256'] = sha256;
  });
}

/** In place of checksums of later years: Content-MD5 is what every store knows that deletes many objects in one call. */
export function withMd5(stack: Stack): void {
  change(stack, 'flowDcContentMd5', ({ headers, body }) => {
    for (const name of Object.keys(headers)) if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name];
    headers['content-md5'] = createHash('md5')
      .update(body as string)
      .digest('base64');
  });
}

function change(stack: Stack, name: string, edit: (request: SentRequest) => void): void {
  stack.add(
    (next: Handler) =>
      async (args: { request: unknown }): Promise<unknown> => {
        edit(args.request as SentRequest);
        return next(args);
      },
    // The last that builds the request: what comes after signs it.
    { step: 'build', name, priority: 'low', override: true },
  );
}
