import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { manyThreads, rowsByThread } from '../support/many-threads.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { canMount, smallDisk, takeSpace } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

/** So slow that the others are started before the disk is full. */
const THREADS = ['--threads', '3', '--law', 'fixed', '--per-host-concurrency', '3', '--open-units', '1'];

describe.skipIf(!canMount)(
  `a disk that fills up${canMount ? '' : ' (SKIPPED: mounting a small tmpfs needs root)'}`,
  () => {
    it.for([
      ['one thread', [], {}],
      ['three threads', THREADS, manyThreads()],
    ] as const)(
      'ends a run of %s with exit code 1 and one line; after making room the resume completes the dataset',
      async ([, flags, env]) => {
        const folder = await tempFolder();
        const disk = smallDisk(join(folder, 'disk'), 6);
        const giveBack = takeSpace(disk, 4);
        const manifest = join(folder, 'm.txt');
        writeFileSync(manifest, Array.from({ length: 300 }, (_, i) => `http://h${i % 4}.test/${i}.jpg`).join('\n'));
        const rules = [{ behaviours: [{ kind: 'latency', meanMs: 150 }] as const }];
        const origin = await testOrigin({ meanBytes: 10_000, sigma: 0, rules });

        const out = join(disk, 'out');
        const args = [
          'download',
          manifest,
          '-o',
          out,
          '--connect-to',
          origin.connectTo,
          '--shard-size',
          '25',
          ...flags,
        ];
        const full = await runCli(args, { env });
        expect(rowsByThread(full.stderr)).toHaveLength(flags.length === 0 ? 0 : 2);
        expect(full.code, full.stderr).toBe(1);
        expect(full.stderr).toContain('FDC_ERR_DEST_FULL');
        expect(full.stderr).not.toContain('    at ');
        expect(readdirSync(out).filter((name) => name.endsWith('.tar')).length).toBeLessThan(12);

        giveBack();
        const resumed = await runCli(['resume', out]);
        expect(resumed.code, resumed.stderr).toBe(0);
        expect(await outcomesOf(out)).toHaveLength(300);
        expect((await runCli(['verify', out])).stdout).toBe('');
      },
    );

    it('holds a run that leaves a reserve, which goes on by itself when there is room', async () => {
      const folder = await tempFolder();
      const disk = smallDisk(join(folder, 'disk'), 8);
      const giveBack = takeSpace(disk, 3);
      const manifest = join(folder, 'm.txt');
      writeFileSync(manifest, Array.from({ length: 400 }, (_, i) => `http://h${i % 4}.test/${i}.jpg`).join('\n'));
      const rules = [{ behaviours: [{ kind: 'latency', meanMs: 40 }] as const }];
      const origin = await testOrigin({ meanBytes: 10_000, sigma: 0, rules });
      const flags = [
        '--connect-to',
        origin.connectTo,
        '--shard-size',
        '25',
        '--law',
        'fixed',
        '--disk-reserve',
        '2MiB',
      ];
      const run = startCli(['download', manifest, '-o', join(disk, 'out'), ...flags, '--per-host-concurrency', '1']);
      while (!/are free at .*disk_reserve/.test(run.stderr())) {
        if (run.child.exitCode !== null) throw new Error(run.stderr());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      giveBack();
      const { code, stderr } = await run.done;
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/again: going on/);
    });

    it.each([
      ['a dataset', ['-o', 'DATASET']],
      ['nothing that is kept', ['-o', 'none:']],
    ])('under bodies on their way to %s ends with one line', async (_, output) => {
      const folder = await tempFolder();
      const disk = smallDisk(join(folder, 'disk'), 2);
      const manifest = join(folder, 'm.txt');
      writeFileSync(manifest, Array.from({ length: 40 }, (_, i) => `http://h${i % 4}.test/${i}.jpg`).join('\n'));
      const origin = await testOrigin({ meanBytes: 300_000, sigma: 0 });
      const where = output.map((part) => (part === 'DATASET' ? join(disk, 'out') : part));
      const flags = ['--connect-to', origin.connectTo, '--spill-bytes', '64KiB'];
      const full = await runCli(['download', manifest, ...where, ...flags], { env: { TMPDIR: disk } });
      expect(full.code, full.stderr).toBe(1);
      expect(full.stderr).toMatch(/^flow-dc: .*no space left.*\(FDC_ERR_DEST_FULL\)$/m);
      expect(full.stderr).not.toMatch(/^ +at |Error: /m);
    });
  },
);

describe('a folder for temporary files that is missing', () => {
  it('ends a run that keeps nothing with one line', async () => {
    const folder = await tempFolder();
    const manifest = join(folder, 'm.txt');
    writeFileSync(manifest, 'http://h.test/1.jpg');
    const env = { TMPDIR: join(folder, 'missing') };
    const { code, stderr } = await runCli(['download', manifest, '-o', 'none:'], { env });
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/^flow-dc: temporary files in .*ENOENT.* \(FDC_ERR_DEST_UNWRITABLE\)$/m);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
