/** Ends a run with `N passed, N failed[, N skipped]`. */
import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { findNatsServer, HOW_TO_GET_NATS_SERVER } from '../../scripts/nats-server-binary.ts';

/** Tests that start a nats-server carry this in their name: describeNats of test/support/nats-server.ts. */
const NATS_TEST = /(^|> )NATS: /;

/** How many skipped tests are named before the closing line. */
const NAMED_SKIPS = 20;

/**
 * Ends the run with one line, alone and last on stdout: `N passed, N failed[, N skipped]`.
 * A file that cannot be loaded and an error outside any test count as one failure each. The exit code is non-zero when
 * anything failed and when nothing ran.
 */
export default class ClosingLineReporter implements Reporter {
  #passed = 0;
  #failed = 0;
  #skipped: string[] = [];

  onInit(): void {
    // At exit, because other reporters and the runner itself still print after onTestRunEnd.
    process.once('exit', () => this.#close());
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    for (const module of modules) this.#count(module);
    this.#failed += unhandledErrors.length;
  }

  #count(module: TestModule): void {
    let failedTests = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') this.#passed += 1;
      else if (state === 'skipped') this.#skipped.push(test.fullName);
      // A test left pending was cut off by an interrupt or a crashed worker: it did not pass.
      else failedTests += 1;
    }
    const loadFailed = module.state() === 'failed' && failedTests === 0;
    this.#failed += failedTests + (loadFailed ? 1 : 0);
  }

  /**
   * Without a server half of the promises are untested: said once and loudly; where tests must be complete it is a
   * failure.
   */
  #judgeNats(): void {
    const tests = this.#skipped.filter((name) => NATS_TEST.test(name)).length;
    if (tests === 0 || findNatsServer() !== undefined) return;
    writeSync(1, `NATS tests SKIPPED (${tests}): ${HOW_TO_GET_NATS_SERVER}\n`);
    if (process.env.CI === 'true' || process.env.FLOW_DC_REQUIRE_NATS === '1') this.#failed += 1;
  }

  #close(): void {
    const skipped = this.#skipped.length;
    for (const name of this.#skipped.slice(0, NAMED_SKIPS)) writeSync(1, `skipped: ${name}\n`);
    if (skipped > NAMED_SKIPS) writeSync(1, `skipped: ${skipped - NAMED_SKIPS} more\n`);
    this.#judgeNats();
    if (this.#failed > 0 || this.#passed === 0) process.exitCode ||= 1;
    writeSync(1, `${this.#passed} passed, ${this.#failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  }
}
