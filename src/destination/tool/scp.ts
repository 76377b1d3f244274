/** scp: a folder of a machine that ssh reaches without asking for a password. */
import { FlowDcError } from '../../errors.ts';
import {
  asHex,
  below,
  lastPart,
  type RemoteFile,
  type RemoteTool,
  type ToolCall,
  type ToolEnd,
} from './remote-tool.ts';

/** Nobody is there to answer a question. */
const UNASKED = ['-o', 'BatchMode=yes'];
/** ssh's own failures, in place of those of what it ran. */
const NO_CONNECTION = 255;

/**
 * @param path - `host:folder` or `user@host:folder`
 * Errors: FDC_ERR_CONFIG_INVALID for what is neither, or holds characters that a shell of the other side would read.
 */
export function scp(path: string): RemoteTool {
  const [, host = '', folder = ''] = /^([^:/]+):(.*)$/.exec(path) ?? [];
  if (host === '' || !/^[\w@%+=:,./~-]*$/.test(`${host}${folder}`) || folder.startsWith('-')) {
    const message = `cloud_destination: expected host:folder of letters, digits and @%+=:,./~_- for scp, got ${path}`;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  }
  const root = folder === '' ? '.' : folder.replace(/(.)\/+$/, '$1');
  const ssh = (command: string): ToolCall => ({ program: 'ssh', args: [...UNASKED, '--', host, command] });
  const at = (name: string): string => below(root, name);
  return {
    name: 'scp',
    install: 'the OpenSSH client, e.g. apt install openssh-client',
    root: path,
    prepare: [ssh(`mkdir -p ${root}`)],
    // Under another name first: a part of a shard must not look like a shard.
    put: (file, name) => {
      const early = name.startsWith('.') ? name : `.${name}.part`;
      const copy = { program: 'scp', args: ['-q', ...UNASKED, '--', file, `${host}:${at(early)}`] };
      return early === name ? [copy] : [copy, ssh(`mv -f ${at(early)} ${at(name)}`)];
    },
    pour: (name) => ssh(`cat > ${at(name)}`),
    look: {
      list: () => ssh(`ls -lnA ${root}`),
      stat: (name) => ssh(`ls -ln ${at(name)}; sha256sum ${at(name)}`),
      read: readListing,
    },
    tree: {
      // To a folder that no reader looks into first, because a copy under way is seen.
      put: (folder, _entries, attempt) => {
        const early = at(`.${attempt}.files.part`);
        const move = '-exec mkdir -p ../../{} \\; && find . -type f -exec mv -f {} ../../{} \\;';
        return [
          ssh(`rm -rf ${early} && mkdir -p ${early}`),
          { program: 'scp', args: ['-q', '-r', ...UNASKED, '--', folder, `${host}:${early}/`] },
          ssh(`cd ${early}/${lastPart(folder)} && find . -type d ${move} && cd ../.. && rm -rf .${attempt}.files.part`),
        ];
      },
      list: ssh(`cd ${root} && find . -type f -exec ls -ln {} +`),
      readLine: (line) => {
        const [, bytes, path] = /^-\S+ +\d+ +\S+ +\S+ +(\d+) +\S+ +\S+ +\S+ \.\/(.+)$/.exec(line) ?? [];
        return path === undefined ? undefined : { path, bytes: Number(bytes) };
      },
    },
    read: (name) => ssh(`cat ${at(name)}`),
    remove: (name) => ssh(`rm -f ${at(name)} ${at(`.${name}.part`)}`),
    move: (from, to) => ssh(`mv -f ${at(from)} ${at(to)}`),
  };
}

/** Lines of `-rw-r--r-- 1 1000 1000 1234 Nov 27 21:00 name`, and `HEX  name` where the other side can say it. */
function readListing({ code, stdout }: ToolEnd): readonly RemoteFile[] | undefined {
  if (code === NO_CONNECTION || typeof code === 'string') return undefined;
  const sums = new Map([...stdout.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gm)].map(([, sum, name = '']) => [name, sum]));
  const lines = stdout.matchAll(/^-\S+ +\d+ +\S+ +\S+ +(\d+) .*? (\S+)$/gm);
  return [...lines].map(([, bytes, name = '']) => ({
    name: lastPart(name),
    bytes: Number(bytes),
    sha256: asHex(sums.get(name), 32),
  }));
}
