import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { uniform } from '../../src/demo-hosts/random.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { comeBack, powerCutEnv, syncsIn, type WorstDisk } from '../support/power-cut.ts';
import { runCli } from '../support/run-cli.ts';
import { isSoak, SEED } from '../support/seeds.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 120;
const CUTS = isSoak ? 40 : 3;
const FORMS = [
  ['shards', ['--output-format', 'webdataset']],
  ['loose files', ['--output-format', 'imagefolder', '--no-create-tar']],
] as const;
const DISKS: readonly WorstDisk[] = ['names lost', 'names kept'];

describe.skipIf(process.platform !== 'linux')('a power cut', () => {
  it.for(FORMS.flatMap(([form, flags]) => DISKS.map((disk) => [form, disk, flags] as const)))(
    'while %s are written, on a disk with %s, costs no row and doubles none',
    async ([, disk, flags]) => {
      const folder = await tempFolder();
      const origin = await testOrigin({ meanBytes: 2_000 });
      const manifest = join(folder, 'manifest.csv');
      const lines = Array.from({ length: ROWS }, (_, row) => `http://${'abc'[row % 3]}.test/${row}.jpg,l${row % 3}`);
      await writeFile(manifest, ['url,label', ...lines].join('\n'));
      const args = (out: string): string[] => {
        const limits = ['--shard-size', '15', '--open-units', '2', '--law', 'fixed', '--threads', '1'];
        return ['download', manifest, '-o', out, '--connect-to', origin.connectTo, ...limits, ...flags];
      };
      const kept = join(folder, 'kept');
      await mkdir(kept);
      const whole = join(folder, 'whole');
      const undisturbed = await runCli(args(whole), { env: powerCutEnv(kept, whole, 0) });
      expect(undisturbed.code, undisturbed.stderr).toBe(0);
      const syncs = syncsIn(undisturbed.stderr);
      expect(syncs).toBeGreaterThan(20);

      for (let cut = 0; cut < CUTS; cut += 1) {
        const at = 1 + Math.floor(((cut + uniform(`cut ${cut}`, SEED)) / CUTS) * syncs);
        await rm(kept, { recursive: true });
        await mkdir(kept);
        const out = join(folder, `out-${cut}`);
        const killed = await runCli(args(out), { env: powerCutEnv(kept, out, at) });
        const when = `cut at sync ${at} of ${syncs}`;
        expect(killed.code, when).toBe(null);
        await comeBack(kept, [out, `${out}.flow-dc`], disk);
        const resumed = await runCli(args(out));
        expect(resumed, when).toMatchObject({ code: 0 });
        expect(essence(await outcomesOf(out)), when).toEqual(essence(await outcomesOf(whole)));
        expect(await runCli(['verify', out]), when).toMatchObject({ code: 0, stdout: '' });
      }
    },
  );
});
