/** Ends a run with `N passed, N failed[, N skipped]`. */
import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { CLOUD_TOOLS, findTool, HOW_TO_GET_CLOUD_TOOLS } from '../../scripts/cloud-tools.ts';
import { findNatsServer, HOW_TO_GET_NATS_SERVER } from '../../scripts/nats-server-binary.ts';
import { findNode, HOW_TO_GET_NODE } from '../../scripts/node-binary.ts';
import { findPythonSet, HOW_TO_GET_PYTHON_PACKAGES } from '../../scripts/python-packages.ts';
import { findTypes, HOW_TO_GET_TYPES, TYPES_PACKAGES } from '../../scripts/types-packages.ts';
import { findVersitygw, HOW_TO_GET_VERSITYGW } from '../../scripts/versitygw-binary.ts';

const inCi = (): boolean => process.env.CI === 'true';

/** What many tests stand on: without it they are skipped loudly, and where tests must be complete that is a failure. */
const NEEDS = [
  {
    what: 'NATS',
    // In the name of every describeNats of test/support/nats-server.ts.
    tests: /(^|> )NATS: /,
    isThere: () => findNatsServer() !== undefined,
    how: HOW_TO_GET_NATS_SERVER,
    isRequired: () => process.env.CI === 'true' || process.env.FLOW_DC_REQUIRE_NATS === '1',
  },
  {
    what: 'Node 22 and 24',
    tests: /^Node \d+ /,
    isThere: () => findNode(22) !== undefined && findNode(24) !== undefined,
    how: HOW_TO_GET_NODE,
    isRequired: inCi,
  },
  {
    what: 'other types of Node',
    tests: /^Types of the packed package /,
    isThere: () => TYPES_PACKAGES.every((name) => findTypes(name) !== undefined),
    how: HOW_TO_GET_TYPES,
    isRequired: inCi,
  },
  {
    what: 'S3 gateway',
    // In the name of every describeS3 of test/support/s3-gateway.ts.
    tests: /(^|> )S3: /,
    isThere: () => findVersitygw() !== undefined,
    how: HOW_TO_GET_VERSITYGW,
    isRequired: inCi,
  },
  {
    what: 'upload tool',
    // In the name of every describeTool of test/support/cloud-tools.ts.
    tests: /(^|> )Tool \w+: /,
    isThere: () => CLOUD_TOOLS.every((name) => findTool(name) !== undefined),
    how: HOW_TO_GET_CLOUD_TOOLS,
    isRequired: inCi,
  },
  {
    what: 'Python loader',
    // In the name of every describeLoaders of test/support/loaders.ts.
    tests: /(^|> )Loaders: /,
    isThere: () => findPythonSet('loaders') !== undefined && findPythonSet('torchless') !== undefined,
    how: HOW_TO_GET_PYTHON_PACKAGES,
    isRequired: inCi,
  },
];

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
  #warnings: string[] = [];

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
      // Of a suite that is skipped in one that is skipped, tests stay pending.
      else if (state === 'skipped' || module.state() === 'skipped') this.#skipped.push(test.fullName);
      // A test left pending was cut off by an interrupt or a crashed worker: it did not pass.
      else failedTests += 1;
      const warnings = test.annotations().filter(({ type }) => type === 'warning');
      this.#warnings.push(...warnings.map(({ message }) => `${test.fullName}: ${message}`));
    }
    const loadFailed = module.state() === 'failed' && failedTests === 0;
    this.#failed += failedTests + (loadFailed ? 1 : 0);
  }

  #judgeNeeds(): void {
    for (const { what, tests, isThere, how, isRequired } of NEEDS) {
      const count = this.#skipped.filter((name) => tests.test(name)).length;
      if (count === 0 || isThere()) continue;
      writeSync(1, `${what} tests SKIPPED (${count}): ${how}\n`);
      if (isRequired()) this.#failed += 1;
    }
  }

  #close(): void {
    const skipped = this.#skipped.length;
    for (const name of this.#skipped.slice(0, NAMED_SKIPS)) writeSync(1, `skipped: ${name}\n`);
    if (skipped > NAMED_SKIPS) writeSync(1, `skipped: ${skipped - NAMED_SKIPS} more\n`);
    this.#judgeNeeds();
    for (const warning of this.#warnings) writeSync(1, `WARNING, not counted: ${warning}\n`);
    writeSync(1, `seed of this run: FLOW_DC_SEED=${process.env.FLOW_DC_SEED} repeats it\n`);
    if (this.#failed > 0 || this.#passed === 0) process.exitCode ||= 1;
    writeSync(1, `${this.#passed} passed, ${this.#failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  }
}
