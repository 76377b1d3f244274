/** Builds before the tests that run the built program. */
import { ensureBuild } from '../../scripts/build.ts';

/** Global set-up of the tests that run dist/cli/main.js: they must never see a stale build. */
export async function setup(): Promise<void> {
  await ensureBuild();
}
