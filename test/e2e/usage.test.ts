import { spawnSync } from 'node:child_process';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

it.for([
  ['--versoin', /unknown command '--versoin'; did you mean --version\?/],
  ['downlaod x', /did you mean download\?/],
  ['ls', /did you mean jobs\?/],
  ['urls.csv -o x', /a command comes first: flow-dc download urls\.csv -o DEST/],
  ['img2dataset --url_list x', /; flow-dc config from-img2dataset -- img2dataset --url_list x prints/],
  ['img2dataset', /; flow-dc config from-img2dataset -- img2dataset \.\.\. prints/],
  ['wget -nc -i l.txt -P out', /; here: flow-dc download l\.txt -o out \(/],
  ['aria2c -x4 --input-file=l.txt --dir=out', /; here: flow-dc download l\.txt -o out \(/],
  ['aria2c -il.txt', /; here: flow-dc download l\.txt -o DEST \(/],
  ['curl -LO https://h/a.jpg', /; here: echo https:\/\/h\/a\.jpg \| flow-dc download - -o DEST \(/],
  ['extend ds', /; rows are added by flow-dc download MANIFEST -o DEST --extend \(/],
  ['repair', /repair: name a dataset \(flow-dc repair DEST\), or a server/],
  ['download x.csv -o y --serve 99999999', /serve: expected a port, or an address and a port .*, got "99999999"/],
  ['download x.csv -o y --serve 127.0.0.1', /serve: expected a port, or an address and a port .*, got "127\.0\.0\.1"/],
  ['wget', /did you mean download\?/],
  ['--quiet download', /options follow a command/],
  ['download x -o y --no-progress', /--no-progress is no flag: --progress takes a value, here off/],
  ['download x -o y -j 8', /unknown flag -j \(here: --concurrent-downloads N\)/],
  ['download x -o y -v', /unknown flag -v \(here: flow-dc --version/],
  ['download x -o y --verbose', /unknown flag --verbose \(here: --log-file FILE/],
  ['serve', /name a dataset \(flow-dc serve DEST\), or a server \(flow-dc serve --nats URL\)/],
  ['repair nope', /nope is no dataset: name its folder, or the server of a job of that name \(--nats URL\)/],
  ['demo --port 8080', /--port goes with --serve/],
  ['config from-img2dataset', /flow-dc config from-img2dataset -- img2dataset --url_list FILE/],
] as const)('%s is answered with what would do', async ([line, says]) => {
  const { code, stderr } = await runCli(line.split(' '), { cwd: await tempFolder() });
  expect(stderr.trim()).toMatch(says);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});

it.for([['help'], ['--version'], ['config', 'schema'], ['inspect', 'urls.txt', '--json']])(
  'says that stdout cannot be written to (%s)',
  async (args) => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'urls.txt'), 'http://a.test/1.jpg\n');
    const full = await open('/dev/full', 'w');
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
      ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', full.fd, 'pipe'] },
    });
    await full.close();
    expect(stderr).toMatch(/^flow-dc: stdout cannot be written to: ENOSPC.* \(FDC_ERR_DEST_IO\)\n$/);
    expect(status).toBe(1);
  },
);

it.each(['', '-- ', 'img2dataset ', '-- img2dataset '])('translates a command line after "%s"', async (mark) => {
  const { code, stdout } = await runCli(
    `config from-img2dataset ${mark}--url_list x.parquet --output_folder y`.split(' '),
  );
  expect(stdout).toBe(
    'flow-dc download x.parquet -o y --output-format imagefolder --no-create-tar --shard-size 10000\n',
  );
  expect(code).toBe(0);
});

it.each([
  [
    'a configuration file',
    'config check',
    /c\.json: cannot read the configuration: permission denied/,
    'CONFIG_UNREADABLE',
  ],
  ['an output', 'download /dev/null -o', /c\.json\/\.flow-dc\/job\.json: EACCES: .*check the owner/, 'DEST_UNWRITABLE'],
] as const)('says that %s may not be read', async (_what, command, words, code) => {
  const folder = await tempFolder();
  const file = join(folder, 'c.json');
  if (command === 'config check') await writeFile(file, '{}');
  else await mkdir(file);
  await chmod(file, 0);
  await chmod(folder, 0o755);
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const { stderr, status } = spawnSync(process.execPath, [main, ...command.split(' '), file], {
    encoding: 'utf8',
    // Nothing is refused to root.
    ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
  });
  expect(stderr).toMatch(words);
  expect(stderr).toContain(`(FDC_ERR_${code})`);
  expect(status).toBe(2);
});
