import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLOUD_TOOLS, type CloudTool } from '../../../scripts/cloud-tools.ts';
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
  });
