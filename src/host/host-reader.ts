/** HostOf with a memory. */
import { hostOf } from './host.ts';

/** Enough for every host of a window; beyond, the cache starts over. */
const MAX_PREFIXES = 65_536;

/** A lower-case ASCII authority followed by a slash: nothing after that slash can change which host it is. */
const PLAIN_PREFIX = /^https?:\/\/[a-z0-9.-]+(?::\d+)?\/$/;

/** `hostOf` with a memory: manifests repeat few prefixes many times. Answers exactly as `hostOf` does. */
export class HostReader {
  readonly #hosts = new Map<string, string>();

  hostOf(url: string): string {
    const slash = url.indexOf('/', 8);
    if (slash < 0) return hostOf(url);
    const prefix = url.slice(0, slash + 1);
    const known = this.#hosts.get(prefix);
    if (known !== undefined) return known;
    if (!PLAIN_PREFIX.test(prefix)) return hostOf(url);
    const host = hostOf(prefix);
    if (this.#hosts.size >= MAX_PREFIXES) this.#hosts.clear();
    this.#hosts.set(Buffer.from(prefix).toString(), host);
    return host;
  }
}
