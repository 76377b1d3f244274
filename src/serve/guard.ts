/** Who may ask for what: no page of somebody else, no name that is not ours, and no control without the key. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isOwnName } from './address.ts';

/** A refusal with its status and its reason for people. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** 192 bits. */
export function newKey(): string {
  return randomBytes(24).toString('base64url');
}

/** @throws Refused when the request comes by another name than ours, or from a page of somebody else */
export function requireOwn({ headers, url, method }: IncomingMessage, named: string): void {
  if (!isOwnName(headers.host, named))
    throw new Refused(421, 'this server does not go by that name: use its address, or localhost');
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
  // Somebody else's link may lead to the page, but nothing else.
  if (isForeign && !(method === 'GET' && url === '/'))
    throw new Refused(403, 'a page of somebody else may not ask this');
  const { origin } = headers;
  if (origin === undefined) return;
  const from = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (from !== headers.host?.toLowerCase()) throw new Refused(403, 'a page of somebody else may not ask this');
}

/** @throws Refused without the key */
export function requireKey({ headers }: IncomingMessage, key: string): void {
  const [, given = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
  if (!timingSafeEqual(digest(given), digest(key)))
    throw new Refused(401, 'this needs the key that was printed when the run began (and is in serve.json)');
}

const MAX_BODY_BYTES = 4096;

/** @throws Refused for what is no JSON, or too long */
export async function jsonBody(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new Refused(415, 'expected a body of type application/json');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Refused(413, `expected at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refused(400, 'the body is not JSON');
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
