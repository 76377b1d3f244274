/** Builds before the tests that run the built program. */
import { ensureBuild } from '../../scripts/build.ts';
import { findNatsServer } from '../../scripts/nats-server-binary.ts';

/**
 * Global set-up of the tests that run dist/cli/main.js: they must never see a stale build, and the program looks for a
 * server of its own in fewer places than the tests do.
 */
export async function setup(): Promise<void> {
  await ensureBuild();
  const server = findNatsServer();
  if (server !== undefined) process.env.NATS_SERVER_BIN = server;
}
