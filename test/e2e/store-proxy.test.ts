import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../src/store/s3/open-object-store.ts';
import { httpProxy } from '../support/proxies.ts';
import { runCli } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const LIST = Array.from({ length: 20 }, (_, n) => `http://a.test/${n}.jpg\n`).join('');

async function proxyTo(ports: Readonly<Record<string, number>>) {
  const proxy = await httpProxy((place) => ports[place.replace(/:80$/, '')] as number, 'me:secret-of-mine');
  onTestFinished(() => proxy.close());
  const askedOf = (host: string): string[] => proxy.asked.filter((line) => line.includes(`//${host}/`));
  return { flags: ['--proxy', `http://me:secret-of-mine@127.0.0.1:${proxy.port}`], askedOf };
}

describeS3('the proxy of --proxy', () => {
  it('is the way to rows, to a manifest in a store and to a dataset in a store, whoever reads it', async () => {
    const [gateway, origin] = [await testS3Gateway('versitygw'), await testOrigin({ rules: [] })];
    const { flags, askedOf } = await proxyTo({ 'a.test': origin.port, 'store.test': gateway.port });
    const lists = await openObjectStore(`s3://${gateway.bucket}/lists`, { endpoint: gateway.url, region: 'us-east-1' });
    onTestFinished(() => lists.close());
    Object.assign(process.env, gateway.env());
    await lists.put('urls.txt', Buffer.from(LIST));
    // Nobody but the proxy knows where that is.
    const env = { ...gateway.env('http://store.test'), TMPDIR: await tempFolder() };
    const url = `s3://${gateway.bucket}/data`;
    const list = `s3://${gateway.bucket}/lists/urls.txt`;
    const downloaded = await runCli(['download', list, '-o', url, '--threads', '1', ...flags], { env });
    expect(downloaded.code, downloaded.stderr).toBe(0);
    expect(askedOf('a.test')).toHaveLength(20);
    expect(askedOf('store.test').some((line) => line.startsWith('GET') && line.includes('urls.txt'))).toBe(true);
    expect(askedOf('store.test').some((line) => /^(PUT|POST) .*00000\d\.tar/.test(line))).toBe(true);
    for (const command of ['verify', 'report', 'resume']) {
      const before = askedOf('store.test').length;
      const { code, stderr } = await runCli([command, url, ...flags], { env });
      expect(code, stderr).toBe(0);
      expect(askedOf('store.test').length).toBeGreaterThan(before);
    }
    expect(downloaded.stderr).not.toContain('secret-of-mine');
  }, 60_000);
});

it('the proxy of --proxy is the way of a program that uploads', async () => {
  const files = createServer((incoming, reply) => {
    incoming.resume().on('end', () => reply.writeHead(201).end());
  }).listen(0, '127.0.0.1');
  await once(files, 'listening');
  onTestFinished(() => void files.close());
  const origin = await testOrigin({ rules: [] });
  const ports = { 'a.test': origin.port, 'files.test': (files.address() as AddressInfo).port };
  const { flags, askedOf } = await proxyTo(ports);
  const folder = await tempFolder();
  await writeFile(join(folder, 'urls.txt'), LIST);
  const put = 'curl -sf -T {file} http://files.test{destination}/{file}';
  const upload = ['--cloud-destination', '/there', '--cloud-put-command', put];
  const args = ['download', join(folder, 'urls.txt'), '-o', join(folder, 'out'), '--threads', '1', ...upload, ...flags];
  const { code, stderr } = await runCli(args);
  expect(code, stderr).toBe(0);
  expect(askedOf('files.test').some((line) => /^PUT .*000000\.tar/.test(line))).toBe(true);
}, 60_000);
