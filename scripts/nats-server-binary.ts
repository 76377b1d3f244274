/** The nats-server that tests start: the one that is here, or one that the package manager can hand over. */
import { findProgram, isExecutable } from '../src/cluster/find-program.ts';
import { cachedFolders, cacheFolder, unpackProgram } from './debian-package.ts';

const NAME = 'nats-server';
const CACHE = cacheFolder('nats');

/** How people get one; part of what is printed when tests are skipped for the lack of it. */
export const HOW_TO_GET_NATS_SERVER =
  'no nats-server found. Install it (apt-get install nats-server | brew install nats-server | go install github.com/nats-io/nats-server/v2@latest) or set NATS_SERVER_BIN=/path.';

/**
 * In order: NATS_SERVER_BIN, PATH and /usr/sbin (often not in a user's PATH), the copy that an earlier run obtained.
 */
export function findNatsServer(): string | undefined {
  const named = process.env.NATS_SERVER_BIN;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return findProgram([NAME], process.env.PATH, ['/usr/sbin', ...cachedFolders(CACHE)]);
}

/** Find one, or unpack the distribution's package into our cache; undefined where that does not work. */
export async function obtainNatsServer(): Promise<string | undefined> {
  const found = findNatsServer();
  if (found !== undefined || process.env.NATS_SERVER_BIN) return found;
  return unpackProgram(NAME, `usr/sbin/${NAME}`, CACHE);
}
