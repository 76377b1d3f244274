/** rclone: any of its remotes, `remote:path`, or one made on the fly. */
import { below, parsedJson, type RemoteFile, type RemoteTool, type ToolCall, type ToolEnd } from './remote-tool.ts';

/** Exit codes: https://rclone.org/docs/#list-of-exit-codes. */
const [NO_FOLDER, NO_FILE] = [3, 4];

export function rclone(root: string): RemoteTool {
  const call = (...args: string[]): ToolCall => ({ program: 'rclone', args });
  return {
    name: 'rclone',
    install: 'https://rclone.org/install, or apt install rclone',
    root,
    prepare: [],
    // What is there was asked before: times that happen to agree prove nothing.
    put: (file, name) => [call('copyto', '--ignore-times', '--', file, below(root, name))],
    pour: (name) => call('rcat', '--', below(root, name)),
    look: {
      list: () => call('lsjson', '--files-only', '--no-modtime', '--no-mimetype', '--', root),
      stat: (name) =>
        call('lsjson', '--files-only', '--no-modtime', '--no-mimetype', '--hash-type', 'md5', '--', below(root, name)),
      read: readListing,
    },
    tree: {
      // What is there was asked before, or never will be: files are not looked for one by one.
      put: (folder) => [call('copy', '--no-check-dest', '--', folder, root)],
      list: call('lsf', '-R', '--files-only', '--format', 'sp', '--separator', ' ', '--', root),
      readLine: (line) => {
        const [, bytes, path] = /^(\d+) (.+)$/.exec(line) ?? [];
        return path === undefined ? undefined : { path, bytes: Number(bytes) };
      },
    },
    read: (name) => call('cat', '--', below(root, name)),
    remove: (name) => call('deletefile', '--', below(root, name)),
    move: (from, to) => call('moveto', '--ignore-times', '--', below(root, from), below(root, to)),
  };
}

interface Entry {
  readonly Name: string;
  readonly Size: number;
  readonly Hashes?: { readonly md5?: string };
}

function readListing({ code, stdout }: ToolEnd): readonly RemoteFile[] | undefined {
  if (code === NO_FOLDER || code === NO_FILE) return [];
  const entries = code === 0 ? parsedJson(stdout) : undefined;
  if (!Array.isArray(entries)) return undefined;
  return (entries as Entry[]).map(({ Name, Size, Hashes }) => ({
    name: Name,
    bytes: Size,
    md5: Hashes?.md5?.toLowerCase() || undefined,
  }));
}
