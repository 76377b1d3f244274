import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ACCESS_DENIED } from '../support/fault-proxy.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { storeTrial } from '../support/store-trial.ts';

/** Whether a command line of any process on this machine has `text` in it, as `ps` shows it to everybody. */
function isInProcessList(text: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

describeS3('the credentials of a store', () => {
  it('stand in no log, record, table, report, message or process list', async () => {
    const trial = await storeTrial({ rows: 400 });
    const secrets = [trial.gateway.keys.secretAccessKey, trial.gateway.keys.accessKeyId];
    const log = join(trial.folder, 'run.log');
    const loud = ['--log-file', log, '--log-level', 'trace'];
    const texts: string[] = [];
    const run = async (args: readonly string[], code: number): Promise<void> => {
      let wasSeen = false;
      const look = setInterval(() => (wasSeen ||= secrets.some(isInProcessList)), 200);
      const result = await trial.run(args);
      clearInterval(look);
      expect(result.code, result.stderr).toBe(code);
      expect(wasSeen, args.join(' ')).toBe(false);
      texts.push(result.stdout, result.stderr);
    };
    const ofParts = ({ operation, nthOfOperation: n }: { operation: string; nthOfOperation: number }) =>
      operation === 'UploadPart' && n > 10;
    trial.proxy.add({ fault: ACCESS_DENIED, when: ofParts });
    await run(trial.download(trial.out, ...loud), 2);
    trial.proxy.clear();
    await run(trial.download(trial.out, ...loud), 0);
    for (const args of [
      ['verify'],
      ['report'],
      ['report', '--json'],
      ['report', '--html', join(trial.folder, 'r.html')],
    ])
      await run([args[0] as string, trial.out, ...args.slice(1)], 0);

    for (const folder of [trial.folder, await trial.copy()])
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
    expect(texts.length).toBeGreaterThan(30);
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });
});
