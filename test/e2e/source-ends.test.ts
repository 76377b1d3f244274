import { readdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { essence, outcomesOf } from '../support/dataset.ts';
import { fileServer } from '../support/file-server.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTestCa } from '../support/test-ca.ts';
import { testOrigin } from '../support/test-origin.ts';

const URLS = Array.from({ length: 300 }, (_, i) => `http://${i % 2 === 0 ? 'a' : 'b'}.test/p/${i}.jpg`);
const CSV = Buffer.from(['url', ...URLS].join('\n'));

/** One line without an end, from a server without ranges. */
async function endless(pauseMs: number): Promise<string> {
  const server = await fileServer({
    content: Buffer.alloc(0),
    before: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' });
      const filling = setInterval(() => response.write(Buffer.alloc(262_144, 'x')), pauseMs);
      response.on('close', () => clearInterval(filling));
      return true;
    },
  });
  return server.url;
}

describe('a manifest that its server gives only as a whole', () => {
  it.skipIf(process.platform !== 'linux').each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'leaves nothing in the temporary folder when the program ends in the middle of it: %s',
    async (signal) => {
      const url = await endless(20);
      const temporary = await tempFolder();
      const run = startCli(['inspect', url], { env: { TMPDIR: temporary } });
      await vi.waitFor(() => expect(run.stderr()).toContain('all of it is downloaded first'), { timeout: 30_000 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      run.child.kill(signal);
      await run.done;
      expect(await readdir(temporary)).toEqual([]);
    },
  );

  it.skipIf(!canMount)('never takes more than half of what is free, however long it goes on', async () => {
    const url = await endless(1);
    const disk = smallDisk(join(await tempFolder(), 'disk'), 8);
    const { code, stderr } = await runCli(['inspect', url], { env: { TMPDIR: disk } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/comes only as a whole and has over 4\S* MB; download it.*\(FDC_ERR_MANIFEST_TOO_WIDE\)/);
    expect(await readdir(disk)).toEqual([]);
    const { bfree, blocks } = await statfs(disk);
    expect(blocks - bfree).toBeLessThan(10);
  });

  it('of https is downloaded again by a resume after Ctrl-C', async () => {
    const folder = await tempFolder();
    const ca = createTestCa();
    await writeFile(join(folder, 'ca.pem'), ca.caPem);
    const server = await fileServer({ content: CSV, tls: ca.tls, noRanges: true });
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: 100 }] }] });
    const out = join(folder, 'out');
    const places = ['a', 'b'].flatMap((host) => ['--connect-to', `${host}.test${origin.connectTo}`]);
    const pace = ['--law', 'fixed', '--per-host-concurrency', '4', '--shard-size', '50'];
    const args = ['download', server.url, '-o', out, '--ca-file', join(folder, 'ca.pem'), ...places, ...pace];
    const run = startCli(args);
    const isUnderWay = () => expect(origin.stats().get('a.test')?.requests ?? 0).toBeGreaterThan(30);
    await vi.waitFor(isUnderWay, { timeout: 60_000 });
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    const resumed = await runCli(['resume', out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(essence(await outcomesOf(out))).toHaveLength(URLS.length);
  });

  it('says what is waited for when it is cut short, long before it is given up', async () => {
    const server = await fileServer({ content: CSV, noRanges: true, cutAfter: 1000 });
    const run = startCli(['inspect', server.url]);
    const isSaid = () => expect(run.stderr()).toMatch(/^\S+m\.csv: .*; trying again, 10 times in all$/m);
    await vi.waitFor(isSaid, { timeout: 30_000 });
    run.child.kill('SIGINT');
    expect((await run.done).code).toBe(130);
    expect(run.stderr().match(/trying again/g)).toHaveLength(1);
  });
});

describe('a manifest behind a URL', () => {
  it('is estimated, compared by verify, and taken from a configuration of FLOW-DC', async () => {
    const folder = await tempFolder();
    const gateway = await testS3Gateway('s3rver');
    const env = gateway.env();
    await gateway.put('parts/0.csv', CSV);
    const origin = await testOrigin({ meanBytes: 3000 });
    const places = ['a', 'b'].flatMap((host) => ['--connect-to', `${host}.test${origin.connectTo}`]);
    const server = await fileServer({ content: CSV });
    for (const input of [server.url, 's3://bucket/parts/0.csv']) {
      const estimate = await runCli(['estimate', input, '--json', '--sample', '50', ...places], { env });
      expect(estimate.code, estimate.stderr).toBe(0);
      expect(JSON.parse(estimate.stdout)).toMatchObject({ rows: URLS.length });
    }
    const out = join(folder, 'out');
    const config = { parquets_directory: 's3://bucket/parts/', output_directory: out, url_col: 'url' };
    await writeFile(join(folder, 'flow-dc.json'), JSON.stringify(config));
    const run = await runCli(['download', '--config', join(folder, 'flow-dc.json'), ...places], { env });
    expect(run.code, run.stderr).toBe(0);
    for (const input of [server.url, 's3://bucket/parts/0.csv']) {
      const verified = await runCli(['verify', out, '--input', input], { env });
      expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    }
    await gateway.put('parts/0.csv', Buffer.from(`${CSV}\nhttp://a.test/one-more.jpg`));
    const other = await runCli(['verify', out, '--input', 's3://bucket/parts/'], { env });
    expect(other.code, other.stderr).toBe(3);
    expect(await readFile(join(folder, 'flow-dc.json'), 'utf8')).toContain('parts');
  });

  it('with a key that leads upwards is refused at once', async () => {
    const { code, stderr } = await runCli(['inspect', 's3://bucket/../x']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^flow-dc: s3:\/\/bucket\/\.\.\/x: expected a key without .*FDC_ERR_CONFIG_INVALID\)\n$/);
  });
});

describeS3('a source in a store', () => {
  it('says that credentials are wrong or missing, and that reading needs no other right', async () => {
    const gateway = await testS3Gateway('versitygw');
    await gateway.put('m.csv', CSV);
    const env = { ...gateway.env(), AWS_SECRET_ACCESS_KEY: 'another' };
    const wrong = await runCli(['inspect', 's3://bucket/m.csv'], { env });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/wrong credentials \(SignatureDoesNotMatch, 403\); check AWS_ACCESS_KEY_ID/);
    expect(wrong.stderr).not.toMatch(/write|delete/);

    const folder = await tempFolder();
    await writeFile(join(folder, 'rows.csv'), 'url\ns3://bucket/q?x=1.jpg\n');
    const nobody = { ...gateway.env(), AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', HOME: folder };
    const args = ['download', join(folder, 'rows.csv'), '-o', join(folder, 'out'), '--allow-s3'];
    const rows = await runCli(args, { env: { ...nobody, AWS_EC2_METADATA_DISABLED: 'true' } });
    expect(rows.code).toBe(2);
    expect(rows.stderr).toMatch(/rows of s3:\/\/bucket: no credentials.*--s3-no-sign.*\(FDC_ERR_MANIFEST_NOT_FOUND\)/);
    const shown = await runCli(['inspect', join(folder, 'rows.csv')]);
    expect(shown.stdout).toContain('s3://bucket/q?x=1.jpg');
  });

  it('and a destination there are used without a warning of Node or of the client library', async () => {
    const gateway = await testS3Gateway('versitygw');
    await gateway.put('m.csv', CSV);
    const env = gateway.env();
    const origin = await testOrigin({ meanBytes: 3000 });
    const places = ['a', 'b'].flatMap((host) => ['--connect-to', `${host}.test${origin.connectTo}`]);
    for (const threads of ['1', '2']) {
      const flags = ['--threads', threads, '--shard-size', '50', ...places];
      const args = ['download', 's3://bucket/m.csv', '-o', `s3://bucket/out-${threads}`, ...flags];
      const { code, stderr } = await runCli(args, { env });
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/warning|node >=|no longer support/i);
    }
  });
});
