/** What is sent for a row at this moment. */
import { requestHeaders } from '../../network/request-headers.ts';
import type { AttemptRequest } from './reply/attempt-terms.ts';
import type { Work } from './row-work.ts';
import type { EngineSettings } from './settings.ts';

/** @param wallMs - for signatures */
export function requestOf(work: Work, settings: EngineSettings, wallMs: number): AttemptRequest {
  const { url, host, task, spentMs } = work;
  const own = work.ownHeaders(settings.headers, wallMs);
  const headers = requestHeaders(url, settings.userAgent, settings.policyOf(host), own);
  work.addCookies(headers);
  return { path: `${url.pathname}${url.search}`, hostname: url.hostname, headers, wants: task.wants, spentMs };
}
