import { describe, expect, it } from 'vitest';
import type { RemoteTool, ToolCall } from '../../../../src/destination/tool/remote-tool.ts';
import { toolOf } from '../../../../src/destination/tool/tool-of.ts';
import { isFlowDcError } from '../../../../src/errors.ts';

type ToolName = 'gocmd' | 'aws' | 'gsutil' | 'rclone' | 'scp';

function tool(cloudTool: ToolName, cloudDestination: string): RemoteTool {
  return toolOf({ cloudTool, cloudDestination, cloudPutCommand: undefined });
}

function line({ program, args }: ToolCall): string {
  return [program, ...args].join(' ');
}

function ended(stdout: string, code: number | string = 0, stderr = '') {
  return { code, stdout, stderr };
}

const A_FILE = { path: 'a b/1.jpg', bytes: 5 };
const FILE = '/out/.flow-dc/staging/u.t/000012.tar';
const MD5 = '9439fcb148c9a6709d9575440eedfd5d';
const SHA256 = '84bae6e26c2d40fc02a0dd266dccac0c34a2023d1a2ba8fea59dd11693445828';

describe('what each tool is told', () => {
  it.for<[ToolName, string, string[], string]>([
    ['gocmd', 'birds', [`gocmd put -f -k ${FILE} birds/000012.tar`], 'gocmd ls -L birds/000012.tar'],
    ['gocmd', '/zone/home/me/birds/', [`gocmd put -f -k ${FILE} /zone/home/me/birds/000012.tar`], 'gocmd ls -L /zone/'],
    ['aws', 'bucket/birds', [`aws s3 cp ${FILE} s3://bucket/birds/000012.tar --only-show-errors`], '--bucket bucket '],
    ['aws', 's3://bucket', [`aws s3 cp ${FILE} s3://bucket/000012.tar --only-show-errors`], '--prefix 000012.tar '],
    ['gsutil', 'bucket/birds', [`gsutil -q cp ${FILE} gs://bucket/birds/000012.tar`], 'stat gs://bucket/birds/000012'],
    ['gsutil', 's3://b/p/', [`gsutil -q cp ${FILE} s3://b/p/000012.tar`], 'gsutil stat s3://b/p/000012.tar'],
    ['rclone', 'cloud:birds', [`rclone copyto --ignore-times -- ${FILE} cloud:birds/000012.tar`], 'cloud:birds/000012'],
    ['rclone', 'cloud:', [`rclone copyto --ignore-times -- ${FILE} cloud:000012.tar`], '-- cloud:000012.tar'],
    ['rclone', '../birds', [`rclone copyto --ignore-times -- ${FILE} ../birds/000012.tar`], '-- ../birds/000012.tar'],
    [
      'scp',
      'me@box:data/birds',
      [
        `scp -q -o BatchMode=yes -- ${FILE} me@box:data/birds/.000012.tar.part`,
        'ssh -o BatchMode=yes -- me@box mv -f data/birds/.000012.tar.part data/birds/000012.tar',
      ],
      'ls -ln data/birds/000012.tar; sha256sum data/birds/000012.tar',
    ],
    [
      'scp',
      'box:',
      [`scp -q -o BatchMode=yes -- ${FILE} box:./.000012.tar.part`, 'ssh -o BatchMode=yes -- box mv'],
      '',
    ],
  ])('%s, %s', ([name, destination, puts, stat]) => {
    const { put, look } = tool(name, destination);
    const lines = put(FILE, '000012.tar').map(line);
    expect(lines).toHaveLength(puts.length);
    puts.forEach((expected, index) => {
      expect(lines[index]).toContain(expected);
    });
    expect(look && line(look.stat('000012.tar'))).toContain(stat);
  });

  it.for<[ToolName, string, string]>([
    ['gocmd', 'birds', 'gocmd mv birds/.u.t.000012.tar.part birds/000012.tar'],
    [
      'aws',
      'bucket/birds',
      'aws s3 mv s3://bucket/birds/.u.t.000012.tar.part s3://bucket/birds/000012.tar --only-show-errors',
    ],
    ['gsutil', 'bucket', 'gsutil -q mv gs://bucket/.u.t.000012.tar.part gs://bucket/000012.tar'],
    ['rclone', 'cloud:b', 'rclone moveto --ignore-times -- cloud:b/.u.t.000012.tar.part cloud:b/000012.tar'],
    ['scp', 'box:b', 'ssh -o BatchMode=yes -- box mv -f b/.u.t.000012.tar.part b/000012.tar'],
  ])('%s renames in %s what was uploaded under another name', ([name, destination, expected]) => {
    const { move, put } = tool(name, destination);
    expect(move && line(move('.u.t.000012.tar.part', '000012.tar'))).toBe(expected);
    // Nobody takes that name for a shard, so it needs no other one before.
    expect(put(FILE, '.u.t.000012.tar.part')).toHaveLength(1);
  });

  it.for<[ToolName, string, string | undefined]>([
    ['gocmd', 'birds', undefined],
    ['aws', 'bucket/birds', 'aws s3 cp - s3://bucket/birds/.a.part --only-show-errors'],
    ['gsutil', 'bucket', 'gsutil -q cp - gs://bucket/.a.part'],
    ['rclone', 'cloud:b', 'rclone rcat -- cloud:b/.a.part'],
    ['scp', 'box:b', 'ssh -o BatchMode=yes -- box cat > b/.a.part'],
  ])('%s streams into %s by its stdin, or is refused when it shall', ([name, destination, expected]) => {
    const { pour } = tool(name, destination);
    expect(pour && line(pour('.a.part'))).toBe(expected);
    const streaming = () =>
      toolOf({ cloudTool: name, cloudDestination: destination, cloudPutCommand: undefined, cloudStream: true });
    if (expected === undefined) expect(streaming).toThrow(/cloud_stream: gocmd reads no stdin/);
    else expect(streaming().name).toBe(name);
  });

  it.for<[ToolName, string, number, RegExp, string, object]>([
    ['aws', 'b/p', 1, /^aws s3 cp --recursive \/s\/files s3:\/\/b\/p\//, '2026-01-01 10:00:00   5 p/a b/1.jpg', A_FILE],
    [
      'gsutil',
      'b/p',
      3,
      /^gsutil -q -m cp -r \/s\/files\/0 .* gs:\/\/b\/p\/$/,
      '   5  2026-01-01  gs://b/p/a b/1.jpg',
      A_FILE,
    ],
    ['rclone', 'c:p', 1, /^rclone copy --no-check-dest -- \/s\/files c:p$/, '5 a b/1.jpg', A_FILE],
    ['scp', 'h:p', 3, /^ssh .* rm -rf p\/\.u\.t\.files\.part/, '-rw-r--r-- 1 0 0 5 Jan  1 10:00 ./a b/1.jpg', A_FILE],
  ])(
    '%s brings a folder of loose files to %s in a bounded number of calls, and lists them',
    ([name, at, calls, first, text, file]) => {
      const { tree } = tool(name, at);
      const entries = Array.from({ length: 1200 }, (_, n) => `/s/files/${n}`);
      const lines = (tree?.put('/s/files', entries, 'u.t') ?? []).map(line);
      expect(lines).toHaveLength(calls);
      expect(lines[0]).toMatch(first);
      expect(tree?.readLine?.(text)).toEqual(file);
      expect(tree?.readLine?.('TOTAL: 2 objects, 5 bytes (5 B)')).toBeUndefined();
    },
  );

  it('takes no loose files where each would be a call of its own', () => {
    const own = { cloudTool: 'gocmd', cloudDestination: 'birds', cloudPutCommand: 'put {file}' } as const;
    expect(() => toolOf({ ...own, createTar: false })).toThrow(/takes one file at a time/);
    expect(toolOf({ ...own, createTar: true }).name).toBe('put');
  });

  it('keeps every word a word of its own, so that blanks and quotes in a path mean nothing', () => {
    const [call] = tool('rclone', 'cloud:my "birds"; rm -rf ~').put("/out of 'here'/000012.tar", '000012.tar');
    expect(call?.args.slice(-2)).toEqual(["/out of 'here'/000012.tar", 'cloud:my "birds"; rm -rf ~/000012.tar']);
  });

  it.for<[ToolName, string, RegExp]>([
    ['rclone', '-vv', /begins with a dash/],
    ['scp', 'birds', /expected host:folder/],
    ['scp', 'box:birds; rm -rf ~', /expected host:folder/],
    ['scp', 'box:$(id)', /expected host:folder/],
    ['gocmd', 's3://bucket/x', /gocmd takes a path without a scheme, got s3:.*cloud_tool/],
    ['aws', 'gs://bucket/x', /aws takes s3/],
    [
      'rclone',
      ':s3,access_key_id=AKIA,secret_access_key=abc123:bucket',
      /secret_access_key would be seen by everybody/,
    ],
    ['rclone', 'https://me:pw@host/x', /a password would be seen/],
  ])('refuses for %s the destination %s', ([name, destination, why]) => {
    expect(() => tool(name, destination)).toThrow(why);
    try {
      tool(name, destination);
    } catch (error) {
      expect(isFlowDcError(error) && error.code).toBe('FDC_ERR_CONFIG_INVALID');
      expect(String(error)).not.toMatch(/abc123|:pw@/);
    }
  });
});

describe('what each tool answers', () => {
  it.for<[ToolName, string, string, object[]]>([
    ['rclone', 'a listing', '[{"Path":"a.tar","Name":"a.tar","Size":5}]', [{ name: 'a.tar', bytes: 5 }]],
    [
      'rclone',
      'a file with its hash',
      `[{"Path":"a.tar","Name":"a.tar","Size":5,"Hashes":{"md5":"${MD5}"}}]`,
      [{ name: 'a.tar', bytes: 5, md5: MD5 }],
    ],
    [
      'rclone',
      'a hash that the remote does not have',
      '[{"Name":"a","Size":5,"Hashes":{"md5":""}}]',
      [{ name: 'a', bytes: 5 }],
    ],
    ['aws', 'nothing', 'null\n', []],
    [
      'aws',
      'an upload in one part and one in many',
      `[{"Key":"p/a.tar","Size":5,"ETag":"\\"${MD5}\\""},{"Key":"p/b.tar","Size":6,"ETag":"\\"${MD5}-3\\""}]`,
      [
        { name: 'a.tar', bytes: 5, md5: MD5 },
        { name: 'b.tar', bytes: 6 },
      ],
    ],
    [
      'gsutil',
      'a listing',
      '         5  2026-01-02T03:04:05Z  gs://b/p/a.tar\n         0  2026-01-02T03:04:05Z  gs://b/p/\n' +
        '                                 gs://b/p/deeper/\nTOTAL: 2 objects, 5 bytes (5 B)\n',
      [{ name: 'a.tar', bytes: 5 }],
    ],
    [
      'gsutil',
      'a file with its hash',
      'gs://b/p/a.tar:\n    Content-Length:         5\n    Hash (crc32c):          AAAAAA==\n' +
        `    Hash (md5):             ${Buffer.from(MD5, 'hex').toString('base64')}\n    ETag:   x\n`,
      [{ name: 'a.tar', bytes: 5, md5: MD5 }],
    ],
    [
      'gocmd',
      'replicas of an earlier version, the good one counts',
      '/z/birds:\n' +
        `  me\t0\tdemo;rs1\t4\t2024-04-02.13:36\tX\ta.tar\n    ${MD5}\t/vault/a.tar\n` +
        `  me\t1\tdemo;rs2\t5\t2024-04-02.13:36\t&\ta.tar\n    sha256:${SHA256}\t/vault/a.tar\n` +
        '  C- /z/birds/deeper\n',
      [{ name: 'a.tar', bytes: 5, sha256: SHA256 }],
    ],
    [
      'gocmd',
      'a table of a later version',
      '+------+\n| TYPE | NAME | OWNER | # | HIERARCHY | SIZE | TIME | STATUS | CHECKSUM | PATH | DESC |\n' +
        `| data-object | a.tar | me | 0 | rs1 | 5 | 2026-01-02 03:04 | good | sha2:${Buffer.from(SHA256, 'hex').toString('base64')} | /v | |\n`,
      [{ name: 'a.tar', bytes: 5, sha256: SHA256 }],
    ],
    [
      'scp',
      'a file with its sum',
      `-rw-r--r-- 1 1000 1000 5 Nov 27 21:00 p/a.tar\n${SHA256}  p/a.tar\n`,
      [{ name: 'a.tar', bytes: 5, sha256: SHA256 }],
    ],
    [
      'scp',
      'a listing',
      'total 8\ndrwxr-xr-x 2 0 0 4096 Jan  1  2026 x\n-rw-r--r-- 1 0 0 5 Jan  1  2026 a.tar\n',
      [{ name: 'a.tar', bytes: 5 }],
    ],
  ])('%s: %s', ([name, _what, stdout, files]) => {
    expect(tool(name, name === 'scp' ? 'h:p' : 'b/p').look?.read(ended(stdout))).toEqual(files);
  });

  it.for<[ToolName, ReturnType<typeof ended>]>([
    ['rclone', ended('', 3, 'directory not found')],
    ['rclone', ended('', 4, 'object not found')],
    ['aws', ended('')],
    ['gsutil', ended('', 1, 'CommandException: One or more URLs matched no objects.')],
    ['gsutil', ended('', 1, 'No URLs matched: gs://b/p/a.tar')],
    ['gocmd', ended('', 1, 'data-object not found: p/a.tar')],
    ['scp', ended('', 1, 'sha256sum: p/a.tar: No such file or directory')],
  ])('%s says of nothing that it is nothing', ([name, end]) => {
    expect(tool(name, name === 'scp' ? 'h:p' : 'b/p').look?.read(end)).toEqual([]);
  });

  it.for<[ToolName, ReturnType<typeof ended>]>([
    ['rclone', ended('', 1, 'AccessDenied')],
    ['rclone', ended('not json')],
    ['aws', ended('', 254, 'NoSuchBucket')],
    ['aws', ended('{"a":1}')],
    ['gsutil', ended('', 1, 'AccessDeniedException: 403')],
    ['gocmd', ended('', 1, 'authentication failed')],
    ['scp', ended('', 255, 'Connection refused')],
    ['rclone', ended('', 'SIGKILL')],
  ])('%s does not take a failure for an answer', ([name, end]) => {
    expect(tool(name, name === 'scp' ? 'h:p' : 'b/p').look?.read(end)).toBeUndefined();
  });
});
