import { readdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLOUD_TOOLS } from '../../scripts/cloud-tools.ts';
import { describeTool, gatewayFor, remoteOf, toolEnv } from '../support/cloud-tools.ts';
import { runCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

describe.each(CLOUD_TOOLS)('an upload into a store by %s', (tool) => {
  describeTool(tool, 'whole downloads', (path) => {
    async function setUp() {
      const folder = await tempFolder();
      const gateway = await testS3Gateway(gatewayFor(tool));
      const origin = await testOrigin({ meanBytes: 3000 });
      const manifest = join(folder, 'm.csv');
      // The others take a second for each call, and each shard has three files: one is enough.
      const rows = tool === 'rclone' ? 240 : 100;
      await writeFile(
        manifest,
        ['url', ...Array.from({ length: rows }, (_, i) => `http://a.test/${i}.jpg`)].join('\n'),
      );
      const tools = await toolEnv(tool, gateway, folder);
      const env = { ...tools, PATH: [dirname(path), process.env.PATH ?? ''].join(delimiter) };
      const shape = ['--connect-to', origin.connectTo, '--shard-size', '120'];
      const upload = ['--cloud-destination', remoteOf(tool, gateway, 'birds'), '--cloud-tool', tool];
      const out = join(folder, 'out');
      return { gateway, out, env, args: ['download', manifest, '-o', out, ...shape, ...upload] };
    }

    it('puts every file of the dataset there, and verify reads them back from there', async () => {
      const { gateway, out, env, args } = await setUp();
      const result = await runCli(args, { env });
      expect(result.code, result.stderr).toBe(0);
      const sums = (await gateway.read('birds/SHA256SUMS')).toString().split('\n').slice(0, -1);
      const there = await gateway.objects('birds/');
      expect(there.map(({ key }) => key)).toEqual(
        [...sums.map((line) => `birds/${line.split('  ')[1]}`), 'birds/SHA256SUMS', 'birds/_SUCCESS'].sort(),
      );
      expect((await readdir(out)).filter((name) => name.endsWith('.tar'))).toEqual([]);
      expect(await runCli(['verify', out], { env })).toMatchObject({ code: 0, stdout: '' });
      expect(await gateway.openUploads()).toEqual([]);
      // What follows asks the programs for nothing new, and this one is the quickest.
      if (tool !== 'rclone') return;
      await gateway.put('birds/000000.tar', 'no archive');
      expect((await runCli(['verify', out], { env })).stdout).toContain('artifact_damaged: 000000.tar');
      const repaired = await runCli(['repair', out], { env });
      expect(repaired.code, repaired.stderr).toBe(0);
      expect((await gateway.objects('birds/')).map(({ key }) => key)).toEqual(there.map(({ key }) => key));
      expect(await runCli(['verify', out], { env })).toMatchObject({ code: 0, stdout: '' });
      expect(await gateway.openUploads()).toEqual([]);
    });

    // s3rver takes any signature.
    it.skipIf(gatewayFor(tool) === 's3rver')('says before it fetches that the credentials are wrong', async () => {
      const { gateway, env, args } = await setUp();
      const result = await runCli(args, { env: { ...env, AWS_SECRET_ACCESS_KEY: 'not-the-right-secret-at-all' } });
      expect(result.code).toBe(2);
      expect(result.stderr).toMatch(/signature.*check its credentials and cloud_destination.*FDC_ERR_DEST_UNWRITABLE/i);
      expect(result.stderr).not.toContain('trying again');
      expect(result.stderr).not.toContain('not-the-right-secret-at-all');
      expect(await gateway.objects('birds/')).toEqual([]);
    });
  });
});
