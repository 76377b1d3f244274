import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { CLOUD_TOOLS, type CloudTool } from '../../../scripts/cloud-tools.ts';
import { stagedName } from '../../../src/destination/tool/staged-name.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import { toolOf } from '../../../src/destination/tool/tool-of.ts';
import { describeTool, gatewayFor, remoteOf, toolEnv } from '../../support/cloud-tools.ts';
import { type S3Gateway, startS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** How each of them stores what it reads on stdin. */
const FROM_STDIN: Readonly<Record<CloudTool, readonly string[]>> = {
  rclone: ['rcat'],
  aws: ['s3', 'cp', '-'],
  gsutil: ['cp', '-'],
};

for (const tool of CLOUD_TOOLS)
  describeTool(tool, 'the real one, as tests find it', (path) => {
    let gateway: S3Gateway;
    beforeAll(async () => {
      gateway = await startS3Gateway(gatewayFor(tool));
    });
    afterAll(() => gateway.close());

    it('streams its stdin into the gateway', async () => {
      const env = { ...process.env, ...(await toolEnv(tool, gateway, await tempFolder())) };
      const body = randomBytes(9 << 20);
      const done = new Promise<void>((resolve, reject) => {
        const args = [...FROM_STDIN[tool], remoteOf(tool, gateway, 'a/b.tar')];
        const child = execFile(path, args, { env }, (error) => (error === null ? resolve() : reject(error)));
        child.stdin?.on('error', reject).end(body);
      });
      await done;
      expect(await gateway.objects()).toEqual([{ key: 'a/b.tar', bytes: body.length }]);
      expect(body.equals(await gateway.read('a/b.tar'))).toBe(true);
      expect(await gateway.openUploads()).toEqual([]);
    });

    it('gives what a worker put there its final name, and brings it back', async () => {
      const folder = await tempFolder();
      const tools = {
        ...(await toolEnv(tool, gateway, folder)),
        PATH: [dirname(path), process.env.PATH].join(delimiter),
      };
      for (const [name, value] of Object.entries(tools)) vi.stubEnv(name, value);
      onTestFinished(() => void vi.unstubAllEnvs());
      const content = randomBytes(5000);
      const sha256 = createHash('sha256').update(content).digest('hex');
      const artifact = { name: '000000.parquet', bytes: content.byteLength, sha256 };
      const counts = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5 };
      const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
      const record = { ...attempt, worker: 'w', ...counts, artifacts: [artifact], errors: {}, committedAtMs: 0 };
      await gateway.put(`birds/${stagedName(attempt, artifact.name)}`, content);
      const cloud = { cloudTool: tool, cloudDestination: remoteOf(tool, gateway, 'birds'), cloudPutCommand: undefined };
      const submitter = new ToolDestination(join(folder, 'out'), toolOf(cloud), { timeoutMs: 60_000 });
      expect(await submitter.settle(record)).toBe(true);
      expect(await gateway.objects('birds/')).toEqual([{ key: 'birds/000000.parquet', bytes: 5000 }]);
      expect(content.equals(await readFile(join(folder, 'out', '000000.parquet')))).toBe(true);
    });
  });
