import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ESC = '\u001b]0;PWN\u0007\u001b[31m\u009b2J\u202e\u2028';
const OBEYED = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

async function dataset() {
  const origin = await testOrigin();
  const folder = join(await tempFolder(), `in${ESC}\nside`);
  await mkdir(folder);
  const manifest = join(folder, `m${ESC}\n.jsonl`);
  const rows = [0, 1, 2].map((i) => ({
    url: `http://a.test/${i}${ESC}`,
    [`co${ESC}\nl`]: `c${ESC}`,
    label: `l${ESC}\nx`,
    caption: ESC,
  }));
  const more = [
    { ...rows[0], url: `http://h${ESC}/` },
    { ...rows[0], url: `sch${ESC}eme:x` },
  ];
  await writeFile(manifest, [...rows, ...more].map((row) => JSON.stringify(row)).join('\n'));
  const config = join(folder, 'c.json');
  await writeFile(config, JSON.stringify({ [`ke${ESC}\ny`]: ESC, url: `co${ESC}` }));
  return { origin, folder, manifest, config, out: join(folder, `o${ESC}\nut`) };
}

describe('text that is not ours', () => {
  it('reaches no terminal, log or page as something to be obeyed, in any command', async () => {
    const { origin, folder, manifest, config, out } = await dataset();
    const log = join(folder, 'run.log');
    const connect = ['--connect-to', origin.connectTo];
    const commands = [
      ['inspect', manifest],
      ['inspect', manifest, '--json'],
      ['inspect', manifest, '--url', `no${ESC}\ne`],
      ['inspect', join(folder, `absent${ESC}\n.csv`)],
      ['estimate', manifest, ...connect],
      ['download', manifest, '-o', out, '--label', 'label', '--log-file', log, '--log-level', 'trace', ...connect],
      ['download', manifest, '-o', out, '--label', 'label', '--shard-size', '7', ...connect],
      ['download', manifest, '-o', out, `--fl${ESC}\nag`],
      ['resume', out],
      ['verify', out],
      ['report', out],
      ['report', out, '--json'],
      ['report', out, '--html', join(folder, 'page.html')],
      ['repair', out],
      ['partition', manifest, '-o', join(folder, 'parts'), '--partitions', '2'],
      ['config', 'check', config],
      ['config', 'show', config],
      ['config', `ch${ESC}\neck`, config],
      [`in${ESC}\nspect`],
      ['status', `jo${ESC}\nb`, '--nats', `nats://127.0.0.1:1`],
      ['demo', `--o${ESC}`],
    ];
    for (const command of commands) {
      const { stdout, stderr } = await runCli(command);
      expect(stdout + stderr, command[0]).not.toMatch(OBEYED);
      expect(stdout + stderr, command[0]).not.toBe('');
    }
    expect(await readFile(log, 'utf8')).not.toMatch(OBEYED);
    expect(await readFile(join(folder, 'page.html'), 'utf8')).not.toMatch(OBEYED);
    const inspected = JSON.parse((await runCli(['inspect', manifest, '--json'])).stdout) as {
      files: { name: string }[];
    };
    expect(inspected.files[0]?.name).toBe(manifest);
  });
});
