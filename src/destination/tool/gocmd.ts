/** gocmd: collections of iRODS, such as CyVerse's data store. */
import {
  asHex,
  below,
  lastPart,
  type RemoteFile,
  type RemoteTool,
  type ToolCall,
  type ToolEnd,
} from './remote-tool.ts';

/** What it says of what is not there. */
const NOTHING = /not found|not exist|no such/i;

/** @param path - a collection, absolute or below the user's own */
export function gocmd(path: string): RemoteTool {
  const root = path.replace(/(.)\/+$/, '$1');
  const call = (...args: string[]): ToolCall => ({ program: 'gocmd', args });
  return {
    name: 'gocmd',
    install: 'https://github.com/cyverse/gocommands, then gocmd init',
    root,
    prepare: [call('mkdir', '-p', root)],
    // -k has the server compute a checksum, which ls -L then shows.
    put: (file, name) => [call('put', '-f', '-k', file, below(root, name))],
    look: {
      list: () => call('ls', '-L', root),
      stat: (name) => call('ls', '-L', below(root, name)),
      read: readListing,
    },
    // With -K it compares the checksum of every file itself. It lists one collection at a time, so nothing is asked.
    tree: { put: (folder) => [call('put', '-f', '-K', '--no_root', folder, root)] },
    read: (name) => call('cat', below(root, name)),
    remove: (name) => call('rm', '-f', below(root, name)),
    move: (from, to) => call('mv', below(root, from), below(root, to)),
  };
}

function readListing({ code, stdout, stderr }: ToolEnd): readonly RemoteFile[] | undefined {
  if (code !== 0) return NOTHING.test(stderr) ? [] : undefined;
  const files = new Map<string, RemoteFile>();
  let name: string | undefined;
  for (const line of stdout.split('\n')) {
    const found = readRow(line) ?? readReplica(line);
    name = found?.name ?? name;
    if (found !== undefined) {
      // Of several replicas the good one counts.
      if (found.isGood || !files.has(found.name)) files.set(found.name, found);
    } else if (name !== undefined && files.has(name)) {
      const sums = checksums(line.trim().split(/\s+/)[0]);
      files.set(name, { ...(files.get(name) as RemoteFile), ...sums });
      name = undefined;
    }
  }
  return [...files.values()].map(({ name: full, bytes, sha256, md5 }) => ({ name: full, bytes, sha256, md5 }));
}

interface Replica extends RemoteFile {
  readonly isGood: boolean;
}

/** `| data-object | NAME | owner | 0 | resource | SIZE | date | status | CHECKSUM | path | |`, of later versions. */
function readRow(line: string): Replica | undefined {
  const cells = line.split('|').map((cell) => cell.trim());
  if (cells[1] !== 'data-object') return undefined;
  const [, , name = '', , , , bytes = '', , status = '', checksum] = cells;
  return { name: lastPart(name), bytes: Number(bytes), isGood: /^(good|&)$/i.test(status), ...checksums(checksum) };
}

/** `owner 0 resource SIZE 2024-04-02.13:36 & NAME`, of earlier ones; the checksum begins the next line. */
function readReplica(line: string): Replica | undefined {
  const [, bytes, mark, name] = /\s(\d+)\s+\d{4}-\d\d-\d\d[.:T]\d\d:\d\d\S*\s+([&X?])\s+(\S+)/.exec(line) ?? [];
  return name === undefined ? undefined : { name: lastPart(name), bytes: Number(bytes), isGood: mark === '&' };
}

/** `sha2:BASE64`, `sha256:HEX`, or a bare MD5. */
function checksums(text: string | undefined): Pick<RemoteFile, 'sha256' | 'md5'> {
  const [, kind, hash] = /^(?:(\w+):)?(\S+)$/.exec(text ?? '') ?? [];
  if (kind === undefined || /^md5$/i.test(kind)) return { md5: asHex(hash, 16) };
  return /^sha(2|256)$/i.test(kind) ? { sha256: asHex(hash, 32) } : {};
}
