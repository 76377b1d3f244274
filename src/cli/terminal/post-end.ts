/** One POST, by way of a proxy or straight; loaded only for a URL of --on-end. */
import { once } from 'node:events';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ProxyOf } from '../../network/proxy.ts';
import { proxiedAgents } from '../../store/s3/proxied-agents.ts';
import { VERSION } from '../../version.ts';

/** @returns the status of the answer. Errors: those of Node; RangeError for what is no proxy. */
export async function post(
  { url, proxyOf }: { readonly url: string; readonly proxyOf: () => ProxyOf | undefined },
  text: string,
  limitMs: number,
): Promise<number> {
  const isTls = /^https:/i.test(url);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'user-agent': `flow-dc/${VERSION}`,
  };
  const rules = proxyOf();
  const agents = rules && proxiedAgents(rules, { keepAlive: false, maxSockets: 1, timeout: limitMs });
  const agent = isTls ? agents?.httpsAgent : agents?.httpAgent;
  const signal = AbortSignal.timeout(limitMs);
  const asking = (isTls ? requestTls : requestPlain)(url, { method: 'POST', headers, agent, signal });
  const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
  asking.end(text);
  const [{ statusCode = 0 }] = await answered;
  // What else it says is of no interest.
  asking.on('error', () => {}).destroy();
  return statusCode;
}
