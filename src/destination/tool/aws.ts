/** aws: `aws s3` of the AWS command line, with its own credentials, region and AWS_ENDPOINT_URL. */
import { asHex, below, lastPart, parsedJson, type RemoteFile, type RemoteTool, type ToolEnd } from './remote-tool.ts';

/** @param path - `s3://bucket/prefix`, or without the scheme */
export function aws(path: string): RemoteTool {
  const root = `s3://${path.replace(/^s3:\/\//, '').replace(/\/+$/, '')}`;
  const [bucket = '', ...parts] = root.slice('s3://'.length).split('/');
  const prefix = parts.length === 0 ? '' : `${parts.join('/')}/`;
  // Asked by SIGTERM it would leave an open upload behind.
  const endedBy = 'SIGINT' as const;
  const s3 = (...args: string[]) => ({ program: 'aws', args: ['s3', ...args, '--only-show-errors'], endedBy });
  const api = (action: string, ...args: string[]) => ({
    program: 'aws',
    args: ['s3api', action, '--bucket', bucket, ...args, '--output', 'json'],
  });
  return {
    name: 'aws',
    install: 'https://aws.amazon.com/cli, or pip install awscli',
    root,
    prepare: [],
    put: (file, name) => [s3('cp', file, below(root, name))],
    pour: (name) => s3('cp', '-', below(root, name)),
    look: {
      list: () =>
        api('list-objects-v2', '--prefix', prefix, '--delimiter', '/', '--query', 'Contents[].{Key:Key,Size:Size}'),
      // A listing answers for what is missing as well, where a question for its head fails as any other failure does.
      stat: (name) =>
        api('list-objects-v2', '--prefix', `${prefix}${name}`, '--query', 'Contents[].{Key:Key,Size:Size,ETag:ETag}'),
      read: readListing,
    },
    tree: {
      put: (folder) => [s3('cp', '--recursive', folder, below(root, ''))],
      list: { program: 'aws', args: ['s3', 'ls', '--recursive', below(root, '')] },
      readLine: (line) => {
        const [, bytes, key] = /^\S+ \S+ +(\d+) (.*[^/])$/.exec(line) ?? [];
        return key?.startsWith(prefix) ? { path: key.slice(prefix.length), bytes: Number(bytes) } : undefined;
      },
    },
    read: (name) => s3('cp', below(root, name), '-'),
    remove: (name) => s3('rm', below(root, name)),
    move: (from, to) => s3('mv', below(root, from), below(root, to)),
  };
}

interface Entry {
  readonly Key: string;
  readonly Size: number;
  readonly ETag?: string;
}

function readListing({ code, stdout }: ToolEnd): readonly RemoteFile[] | undefined {
  if (code !== 0) return undefined;
  const entries = stdout.trim() === '' ? null : parsedJson(stdout);
  if (entries === null) return [];
  if (!Array.isArray(entries)) return undefined;
  return (entries as Entry[]).map(({ Key, Size, ETag }) => ({
    name: lastPart(Key),
    bytes: Size,
    // An ETag is an MD5 only of what was uploaded in one part; one of several has a dash and is no hash of the whole.
    md5: asHex(ETag?.replaceAll('"', ''), 16),
  }));
}
