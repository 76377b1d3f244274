/** Tells others that a run has ended: a POST to a URL, or a command that gets the summary on its stdin. */
import { spawn } from 'node:child_process';
import { sleep, systemClock } from '../../clock.ts';
import { splitWords } from '../../destination/tool/put-command.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { shortened } from '../../short-text.ts';
import { VERSION } from '../../version.ts';
import { withoutUsers } from '../../without-secrets.ts';
import { type CliIo, writeLines } from './process.ts';

/** The run is over, and somebody waits for its exit code. */
const [TRIES, TRY_MS, PAUSE_MS] = [3, 10_000, 1000];

/** What a hook is told, as JSON. */
export interface EndWords {
  readonly command: 'download' | 'submit';
  readonly output: string;
  readonly state: 'finished' | 'interrupted' | 'failed';
  readonly summary?: JobSummary | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** How a run ended, from what it gave or threw. */
export function endWords(
  command: EndWords['command'],
  output: string,
  end: { readonly summary?: JobSummary | undefined; readonly error?: unknown },
): EndWords {
  const { summary, error } = end;
  if (error === undefined)
    return { command, output, state: summary?.complete === true ? 'finished' : 'interrupted', summary };
  const code = isFlowDcError(error) ? error.code : 'FDC_ERR_INTERNAL';
  const message = shortened(withoutUsers(error instanceof Error ? error.message : String(error)), 2000);
  return {
    command,
    output,
    state: code === 'FDC_ERR_INTERRUPTED' ? 'interrupted' : 'failed',
    error: { code, message },
  };
}

/** Where a run's end is told. */
export type EndHook =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/** Errors: FDC_ERR_CONFIG_INVALID for a command that is none. */
export function endHooks(given: readonly string[]): EndHook[] {
  return given.map((text) => {
    if (/^https?:\/\//i.test(text) && URL.canParse(text)) return { kind: 'url', url: text };
    const words = splitWords(text, 'on_end');
    if (words.length > 0) return { kind: 'command', words };
    const message = 'on_end: expected a URL (http, https) or a command, got nothing';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  });
}

/**
 * @param note - gets a line for each that could not be told; nothing else comes of it
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
      const name = nameOf(hook);
      for (let left = TRIES; left > 0; left -= 1) {
        const wrong = await (hook.kind === 'url' ? post(hook.url, text) : run(hook.words, text)).then(
          () => undefined,
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
        if (wrong === undefined) return;
        if (left === 1) note(`on_end: ${name} was not told: ${shortened(wrong.split('\n', 1)[0] ?? '', 300)}`);
        else await pause(PAUSE_MS);
      }
    }),
  );
}

/** A URL is often a key; its host is not. */
function nameOf(hook: EndHook): string {
  return hook.kind === 'url' ? new URL(hook.url).host : (hook.words[0] as string);
}

async function post(url: string, text: string): Promise<void> {
  const { EnvHttpProxyAgent, request } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': `flow-dc/${VERSION}` },
      body: text,
      dispatcher,
      signal: AbortSignal.timeout(TRY_MS),
    });
    await body.dump({ limit: 65_536 });
    if (statusCode >= 300) throw new Error(`answered with ${statusCode}`);
  } finally {
    await dispatcher.destroy();
  }
}

function run([command = '', ...args]: readonly string[], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // What it prints is for people, as our own lines are.
    const child = spawn(command, args, { stdio: ['pipe', 2, 2], timeout: TRY_MS, killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('close', (code, signal) => (code === 0 ? resolve() : reject(new Error(`ended with ${signal ?? code}`))));
    child.stdin?.on('error', () => {});
    child.stdin?.end(text);
  });
}

/**
 * Do a run and tell its end, however that comes.
 * @param work - calls back with the summary
 */
export async function withEndHooks(
  command: EndWords['command'],
  hooks: readonly EndHook[],
  output: string,
  io: CliIo,
  work: (told: (summary: JobSummary) => void) => Promise<number>,
): Promise<number> {
  let summary: JobSummary | undefined;
  const tell = (error?: unknown): Promise<void> =>
    tellEnd(
      hooks,
      endWords(command, output, summary === undefined ? { error } : { summary }),
      (line) => writeLines(io.stderr, [line]),
      (ms) => sleep(systemClock, ms),
    );
  try {
    const code = await work((told) => {
      summary = told;
    });
    await tell();
    return code;
  } catch (error) {
    await tell(error);
    throw error;
  }
}
