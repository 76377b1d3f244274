/** gsutil: Google Cloud Storage, and what else its boto configuration reaches. */
import { asHex, batchesOf, below, lastPart, type RemoteFile, type RemoteTool, type ToolEnd } from './remote-tool.ts';

/** What it says, with exit code 1, of what is not there. */
const NOTHING = /matched no objects|No URLs matched/;

/** @param path - `gs://bucket/prefix`, `s3://bucket/prefix`, or without a scheme */
export function gsutil(path: string): RemoteTool {
  const root = (/^\w+:\/\//.test(path) ? path : `gs://${path}`).replace(/\/+$/, '');
  const call = (...args: string[]) => ({ program: 'gsutil', args: ['-q', ...args] });
  return {
    name: 'gsutil',
    install: 'https://cloud.google.com/storage/docs/gsutil_install, or pip install gsutil',
    root,
    prepare: [],
    put: (file, name) => [call('cp', file, below(root, name))],
    pour: (name) => call('cp', '-', below(root, name)),
    look: {
      list: () => call('ls', '-l', below(root, '')),
      // With -q it would say nothing at all.
      stat: (name) => ({ program: 'gsutil', args: ['stat', below(root, name)] }),
      read: readListing,
    },
    tree: {
      put: (_folder, entries) => batchesOf(entries).map((some) => call('-m', 'cp', '-r', ...some, below(root, ''))),
      list: { program: 'gsutil', args: ['ls', '-l', below(root, '**')] },
      readLine: (line) => {
        const [, bytes, url] = /^ *(\d+) +\S+ +(\w+:\/\/.*[^/])$/.exec(line) ?? [];
        return url === undefined ? undefined : { path: url.slice(root.length + 1), bytes: Number(bytes) };
      },
    },
    read: (name) => call('cat', below(root, name)),
    remove: (name) => call('rm', below(root, name)),
    move: (from, to) => call('mv', below(root, from), below(root, to)),
  };
}

function readListing({ code, stdout, stderr }: ToolEnd): readonly RemoteFile[] | undefined {
  if (code === 1 && NOTHING.test(`${stderr}${stdout}`)) return [];
  if (code !== 0) return undefined;
  const [, url] = /^(\w+:\/\/\S+):\s*$/m.exec(stdout) ?? [];
  return url === undefined ? readLines(stdout) : [readStat(url, stdout)];
}

/** Lines of `      1234  2026-01-01T00:00:00Z  gs://bucket/name`. */
function readLines(stdout: string): RemoteFile[] {
  return [...stdout.matchAll(/^ *(\d+) +\S+ +(\w+:\/\/\S*[^/\s])$/gm)].map(([, bytes, url = '']) => ({
    name: lastPart(url),
    bytes: Number(bytes),
  }));
}

function readStat(url: string, stdout: string): RemoteFile {
  const [, bytes] = /^\s*Content-Length:\s*(\d+)/m.exec(stdout) ?? [];
  const [, md5] = /^\s*Hash \(md5\):\s*(\S+)/m.exec(stdout) ?? [];
  return { name: lastPart(url), bytes: Number(bytes), md5: asHex(md5, 16) };
}
