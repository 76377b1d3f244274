/** `completion`: what makes a shell complete our command lines, and the words that it asks for. */
import { reachCluster } from '../../cluster/reach-cluster.ts';
import { combineConfig } from '../../config/combine.ts';
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import { inspectManifest } from '../../inspect/inspect-manifest.ts';
import { type Command, defineCommand } from '../args/define-command.ts';
import { parseFlags } from '../args/flags.ts';
import { isShell, SHELLS, shellScript } from '../completion/shells.ts';
import { type Suggestion, suggest, type Word } from '../completion/suggest.ts';
import { type CliIo, EXIT, writeOwn } from '../terminal/process.ts';

/** Somebody has pressed a key and waits; what takes longer is not offered. */
const PATIENCE_MS = 1500;

/**
 * `completion bash|zsh|fish`; `completion words -- WORDS` is what their scripts ask.
 * @param commands - loads all of them
 */
export const completionOf = (commands: () => Promise<readonly Command[]>): Command =>
  defineCommand({
    name: 'completion',
    summary:
      'Print what makes a shell complete commands, options and their values, columns of the manifest and jobs of the ' +
      'server: put eval "$(flow-dc completion bash)" into ~/.bashrc.',
    usage: 'completion bash|zsh|fish',
    async run({ positionals: [shell = '', ...typed] }, io) {
      if (isShell(shell) && typed.length === 0) {
        writeOwn(io.stdout, shellScript(shell));
        return EXIT.done;
      }
      if (shell !== 'words')
        throw new FlowDcError('FDC_ERR_USAGE', `completion: name a shell, one of ${SHELLS.join(', ')}`);
      const summaries = new Map((await commands()).map(({ name, summary }) => [name, summary]));
      const words = await wordsFor(suggest(typed.slice(0, -1), typed.at(-1) ?? '', summaries), typed, io);
      writeOwn(io.stdout, candidateLines(words));
      return EXIT.done;
    },
  });

/** A line per word, which shells take apart at the tab. No word has a control character in it. */
function candidateLines(words: readonly Word[]): string {
  return words.map((word) => `${word.join('\t')}\n`).join('');
}

/** None where only files are meant, or what was looked up could not be had: a shell offers files then. */
async function wordsFor(suggestion: Suggestion, typed: readonly string[], io: CliIo): Promise<readonly Word[]> {
  switch (suggestion.kind) {
    case 'words':
      return suggestion.words;
    case 'files':
      return [];
    case 'columns':
      return startingWith(await columnsOf(suggestion.manifests).catch(() => []), suggestion.prefix, typed);
    case 'jobs':
      return startingWith(await jobsOf(suggestion.nats, io).catch(() => []), '', typed);
  }
}

function startingWith(found: readonly string[], prefix: string, typed: readonly string[]): Word[] {
  const current = typed.at(-1) ?? '';
  // Names are a stranger's; a line is a word.
  const plain = found.filter((name) => !/[\p{Cc}]/u.test(name));
  return plain.map((name): Word => [prefix + name, '']).filter(([word]) => word.startsWith(current));
}

/** Of manifests on this machine: nobody waits for a server while a key is pressed. */
async function columnsOf(manifests: readonly string[]): Promise<string[]> {
  const here = manifests.filter((name) => name !== '-' && !name.includes('://'));
  if (here.length === 0) return [];
  const { manifest, fetch, store } = resolveConfig({ input: here, limit: 1 }, 'inspect');
  const { inputs, ...options } = manifest;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const remote = { network: fetch, store };
  return (await inspectManifest(inputs, { ...options, remote, allowS3: false, signal })).columns.map(
    ({ name }) => name,
  );
}

async function jobsOf(nats: readonly string[], { env, signal }: CliIo): Promise<string[]> {
  const { config: flags } = parseFlags(nats, { command: 'jobs' });
  const { cluster: settings } = resolveConfig(combineConfig({ flags, environment: env }).config, 'jobs');
  const wait = { connectTimeoutMs: PATIENCE_MS, giveUpMs: PATIENCE_MS };
  const { cluster } = await reachCluster(settings, { role: 'status', env, signal, ...wait });
  try {
    const found: string[] = [];
    for await (const { id } of cluster.jobs()) found.push(id);
    return found;
  } finally {
    await cluster[Symbol.asyncDispose]();
  }
}
