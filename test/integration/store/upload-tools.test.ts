import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { CLOUD_TOOLS } from '../../../scripts/cloud-tools.ts';
import type { ListedPath } from '../../../src/destination/tool/remote-tool.ts';
import { stagedName } from '../../../src/destination/tool/staged-name.ts';
import { ToolDestination, type ToolDestinationOptions } from '../../../src/destination/tool/tool-destination.ts';
import { toolOf } from '../../../src/destination/tool/tool-of.ts';
import { describeTool, gatewayFor, remoteOf, toolEnv } from '../../support/cloud-tools.ts';
import { type S3Gateway, startS3Gateway } from '../../support/s3-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const NUMBERS = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5, errors: {}, worker: 'w', committedAtMs: 0 };

for (const tool of CLOUD_TOOLS)
  describeTool(tool, 'the real one, as tests find it', (path) => {
    let gateway: S3Gateway;
    beforeAll(async () => {
      gateway = await startS3Gateway(gatewayFor(tool));
    });
    afterAll(() => gateway.close());

    /** A destination below `to`, with the tool's environment until the test ends. */
    async function destinationAt(
      to: string,
      more: Partial<ToolDestinationOptions> = {},
    ): Promise<{ folder: string; destination: ToolDestination }> {
      const folder = await tempFolder();
      const tools = {
        ...(await toolEnv(tool, gateway, folder)),
        PATH: [dirname(path), process.env.PATH].join(delimiter),
      };
      for (const [name, value] of Object.entries(tools)) vi.stubEnv(name, value);
      onTestFinished(() => void vi.unstubAllEnvs());
      const cloud = { cloudTool: tool, cloudDestination: remoteOf(tool, gateway, to), cloudPutCommand: undefined };
      const options = { timeoutMs: 60_000, ...more };
      return { folder, destination: new ToolDestination(join(folder, 'out'), toolOf(cloud), options) };
    }

    it('streams a shard into the gateway while it is written, and leaves nothing of one that is given up', async () => {
      const { destination } = await destinationAt('a', { streams: true });
      const body = randomBytes(9 << 20);
      const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
      const staging = await destination.stage(attempt.unit, attempt.token);
      const file = await staging.createFile('000000.tar');
      for (let at = 0; at < body.length; at += 1 << 20) await file.write([body.subarray(at, at + (1 << 20))]);
      const other = await destination.stage('000001-0a0b0c0d', 'bb');
      const lost = await other.createFile('000001.tar');
      await lost.write([body, body]);
      const artifacts = [await file.close()];
      await staging.sync();
      await other.discard();
      expect((await gateway.objects('a/')).map(({ key }) => key)).toEqual([`a/${stagedName(attempt, '000000.tar')}`]);
      expect(await gateway.openUploads()).toEqual([]);
      await destination.rollForward({ ...attempt, ...NUMBERS, artifacts });
      expect(await gateway.objects('a/')).toEqual([{ key: 'a/000000.tar', bytes: body.length }]);
      expect(body.equals(await gateway.read('a/000000.tar'))).toBe(true);
    });

    it("puts a unit's loose files there together, and lists them", async () => {
      const { destination } = await destinationAt('loose', { layout: 'files' });
      const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
      const staging = await destination.stage(attempt.unit, attempt.token);
      const files = await staging.createFolder('000000.files');
      const names = ['a bird/0.jpg', 'b/1.jpg', 'top.jpg'];
      for (const name of names) await files.add(name, [Buffer.from(name)], 'ab'.repeat(32));
      const artifacts = [await files.close()];
      await staging.sync();
      await destination.rollForward({ ...attempt, ...NUMBERS, artifacts });
      expect((await gateway.objects('loose/')).map(({ key }) => key)).toEqual(names.map((name) => `loose/${name}`));
      const listed: ListedPath[] = [];
      for await (const file of destination.remote.tree()) listed.push(file);
      expect(listed.sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
        names.map((file) => ({ path: file, bytes: file.length })),
      );
    });

    it('gives what a worker put there its final name, and brings it back', async () => {
      const { folder, destination } = await destinationAt('birds');
      const content = randomBytes(5000);
      const sha256 = createHash('sha256').update(content).digest('hex');
      const artifact = { name: '000000.parquet', bytes: content.byteLength, sha256 };
      const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
      await gateway.put(`birds/${stagedName(attempt, artifact.name)}`, content);
      expect(await destination.settle({ ...attempt, ...NUMBERS, artifacts: [artifact] })).toBe(true);
      expect(await gateway.objects('birds/')).toEqual([{ key: 'birds/000000.parquet', bytes: 5000 }]);
      expect(content.equals(await readFile(join(folder, 'out', '000000.parquet')))).toBe(true);
    });
  });
