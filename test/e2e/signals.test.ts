import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { writeLargeParquet } from '../support/manifests.ts';
import { type CliOptions, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Send SIGTERM to a command, and again. @returns its code and how long the second one took, in ms */
async function interrupt(args: readonly string[], options: CliOptions, afterMs: number, pauseMs = 500) {
  const cli = startCli(args, options);
  await wait(afterMs);
  cli.child.kill('SIGTERM');
  await wait(pauseMs);
  const startedMs = performance.now();
  cli.child.kill('SIGTERM');
  const { code, stderr } = await cli.done;
  return { code, stderr, signal: cli.child.signalCode, ms: performance.now() - startedMs };
}

const OUTPUT: Readonly<Record<string, (folder: string) => string[]>> = {
  download: (folder) => ['-o', join(folder, 'out')],
  submit: (folder) => ['-o', join(folder, 'out')],
  partition: (folder) => ['-o', join(folder, 'out'), '--partitions', '2'],
};

describe('a second SIGTERM ends the program within five seconds', () => {
  it('when its main thread is caught in something that never returns', async () => {
    const folder = await tempFolder();
    const busy = join(folder, 'busy.mjs');
    await writeFile(
      busy,
      `import { isMainThread } from 'node:worker_threads';
      if (isMainThread) setTimeout(() => { for (;;); }, 700);`,
    );
    const stdin = (async function* () {
      yield 'http://127.0.0.1:1/a.jpg\n';
      await wait(20_000, undefined, { ref: false });
    })();
    const options = { env: { NODE_OPTIONS: `--import ${busy}` }, stdin };
    const { ms, signal, stderr } = await interrupt(['inspect', '-'], options, 2500);
    expect(ms).toBeLessThan(5000);
    expect(signal).toBe('SIGKILL');
    expect(stderr).toContain('stopped from outside');
  });

  it('in the middle of a large row group (inspect, estimate, partition)', async () => {
    const folder = await tempFolder();
    const manifest = join(folder, 'm.parquet');
    // Seconds of work for the quickest of the three on a fast machine: it must not be over before the signal.
    await writeLargeParquet(manifest, 6_000_000, { codec: 'ZSTD', rowGroupRows: 6_000_000 });
    for (const command of ['inspect', 'estimate', 'partition']) {
      const output = OUTPUT[command]?.(folder) ?? [];
      const { ms, code, stderr } = await interrupt([command, manifest, ...output], {}, 700, 200);
      expect(ms, command).toBeLessThan(5000);
      expect([143, null], `${command}: ${stderr}`).toContain(code);
    }
  });
});

describe('a manifest from a pipe that does not begin', () => {
  it.for([
    ...['download', 'submit', 'inspect', 'estimate', 'partition'].map((command) => [command, 'SIGINT', 130] as const),
    ['download', 'SIGHUP', 129] as const,
  ])('can be left (%s, %s)', async ([command, signal, exitCode]) => {
    const folder = await tempFolder();
    const output = OUTPUT[command]?.(folder) ?? [];
    const stdin = (async function* () {
      yield '';
      await wait(20_000, undefined, { ref: false });
    })();
    const cli = startCli([command, '-', ...output], { stdin });
    await wait(1500);
    const startedMs = performance.now();
    cli.child.kill(signal);
    const { code, stderr } = await cli.done;
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(code, stderr).toBe(exitCode);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/FDC_ERR_INTERRUPTED/);
  });
});

describe('a server that is not there', () => {
  it.for([
    ...['status', 'jobs', 'serve', 'cancel x', 'submit MANIFEST -o OUT'].map((command) => [command, 130] as const),
    // Nothing is left undone: it had no unit.
    ['worker', 0] as const,
  ])('is named while it is looked for, and need not be waited for (%s)', async ([command, exitCode]) => {
    const folder = await tempFolder();
    const manifest = join(folder, 'urls.txt');
    await writeFile(manifest, 'http://a.test/1.jpg\n');
    const args = command.replace('MANIFEST', manifest).replace('OUT', join(folder, 'out')).split(' ');
    const cli = startCli([...args, '--nats', 'nats://127.0.0.1:1']);
    const line = /no NATS server at 127.0.0.1:1 yet \(.*refused\): trying for \d+ s/;
    await expect.poll(() => cli.stderr(), { timeout: 5000 }).toMatch(line);
    const startedMs = performance.now();
    cli.child.kill('SIGINT');
    const { code, stderr } = await cli.done;
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect(code, stderr).toBe(exitCode);
    expect(stderr.trim().split('\n').at(-1)).toMatch(exitCode === 0 ? /no server was there/ : /FDC_ERR_INTERRUPTED/);
  });
});
