/** Tells others that a run has ended: a POST to a URL, or a command that gets the summary on its stdin. */
import { statSync } from 'node:fs';
import { findProgram, isExecutable } from '../../cluster/find-program.ts';
import { splitWords } from '../../destination/tool/put-command.ts';
import { FlowDcError } from '../../errors.ts';
import { type ProxyOf, type ProxySettings, proxyRules } from '../../network/proxy.ts';
import { shortened } from '../../short-text.ts';
import { VERSION } from '../../version.ts';
import type { EndWords } from './end-words.ts';
import type { CliIo } from './process.ts';
import { runHook } from './run-hook.ts';

/** The run is over, and somebody waits for its exit code. */
const [TRIES, TRY_MS, PAUSE_MS] = [3, 10_000, 1000];
/** What a shell would do something with. */
const SHELL_WORD = /^(?:[0-9]*[<>].*|&>.*|\||\|\||&&?|;)$/;

/** Where a run's end is told. */
export type EndHook =
  | { readonly kind: 'url'; readonly url: string; readonly proxyOf: () => ProxyOf | undefined }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/**
 * @param env - has the folders of programs, and proxies
 * Errors: FDC_ERR_CONFIG_INVALID for what is neither a URL that takes a POST nor a command that can be run here.
 */
export function endHooks(given: readonly string[], env: CliIo['env'], proxy: ProxySettings = {}): EndHook[] {
  const proxyOf = () => proxyRules(proxy, env);
  return given.map((text) => {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
    if (scheme === 'http' || scheme === 'https') {
      if (URL.canParse(text)) return { kind: 'url', url: text, proxyOf };
      throw invalid(`expected a URL, got one that cannot be read, at ${scheme}://`);
    }
    if (scheme !== undefined) throw invalid(`a URL is sent a POST: expected http:// or https://, got ${scheme}://`);
    const words = splitWords(text, 'on_end');
    const [program] = words;
    if (program === undefined || program === '')
      throw invalid('expected a URL (http, https) or a command, got nothing');
    const operator = words.find((word) => SHELL_WORD.test(word));
    if (operator !== undefined)
      throw invalid(`no shell runs the command, so ${operator} would be a plain word: expected sh -c '...'`);
    if (program.includes('/')) {
      if (!isExecutable(program) || statSync(program).isDirectory())
        throw invalid(`${program} is no program that can be run (is it there, and executable?)`);
    } else if (findProgram([program], env.PATH) === undefined)
      throw invalid(`there is no program ${program} on the PATH: expected a URL (http, https) or a command`);
    return { kind: 'command', words };
  });
}

/**
 * @param note - gets what commands print, and a line for each that could not be told; nothing else comes of it
 */
export async function tellEnd(
  hooks: readonly EndHook[],
  words: EndWords,
  note: (line: string) => void,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const text = `${JSON.stringify({ flowDc: VERSION, ...words })}\n`;
  await Promise.all(
    hooks.map(async (hook) => {
      const wrong =
        hook.kind === 'url' ? await postUntilTold(hook, text, pause) : await runHook(hook.words, text, note);
      if (wrong !== undefined)
        note(`on_end: ${nameOf(hook)} was not told: ${shortened(wrong.split('\n', 1)[0] ?? '', 300)}`);
    }),
  );
}

/** A URL is often a key; its host is not. */
function nameOf(hook: EndHook): string {
  return hook.kind === 'url' ? new URL(hook.url).host : (hook.words[0] as string);
}

/** Again where that may help. @returns why it was not told */
async function postUntilTold(
  hook: EndHook & { readonly kind: 'url' },
  text: string,
  pause: (ms: number) => Promise<void>,
): Promise<string | undefined> {
  const { post } = await import('./post-end.ts');
  for (let left = TRIES - 1; ; left -= 1) {
    const answer = await post(hook, text, TRY_MS).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (typeof answer === 'number' && answer < 300) return undefined;
    const isFinal = typeof answer === 'number' && answer < 500 && answer !== 429 && answer !== 408;
    const wrong = typeof answer === 'string' ? answer : `answered with ${answer}`;
    if (isFinal && answer < 400) return `${wrong}: name the URL that it leads to`;
    if (isFinal || left === 0) return wrong;
    await pause(PAUSE_MS);
  }
}

function invalid(problem: string): FlowDcError {
  const message = `on_end: ${problem}`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
