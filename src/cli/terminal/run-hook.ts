/** A command of the user's, run at the end of a run: bounded in time, and in what it prints. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { systemClock } from '../../clock.ts';

const [RUN_MS, LAST_WORDS_MS, MOST_PRINTED_BYTES] = [10_000, 300, 65_536];

/**
 * @param input - for its stdin
 * @param note - gets the lines that it prints; they are for people, as our own are
 * @returns why it failed
 */
export function runHook(
  [command = '', ...args]: readonly string[],
  input: string,
  note: (line: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Of its own group, so that what it has started ends with it.
    const child = spawn(command, args, { stdio: 'pipe', detached: true });
    const printed = [new Printed(child.stdout, note), new Printed(child.stderr, note)];
    let isLate = false;
    const stopTimer = systemClock.timer(RUN_MS, () => {
      isLate = true;
      endGroup(child.pid);
    });
    let wrong: string | undefined;
    const end = (): void => {
      stopTimer();
      for (const lines of printed) lines.end();
      resolve(isLate ? `did not end within ${RUN_MS / 1000} s` : wrong);
    };
    child.once('error', (error) => {
      wrong = error.message;
      end();
    });
    child.once('exit', (code, signal) => {
      if (code !== 0) wrong = `ended with ${signal ?? code}`;
      // Whoever was left behind may hold its output open for ever.
      systemClock.timer(LAST_WORDS_MS, end);
    });
    child.once('close', end);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** The first lines of a stream; what comes behind them is read and dropped. */
class Printed {
  readonly #stream: Readable;
  readonly #note: (line: string) => void;
  #rest = '';
  #left = MOST_PRINTED_BYTES;

  constructor(stream: Readable, note: (line: string) => void) {
    this.#stream = stream;
    this.#note = note;
    stream.setEncoding('utf8').on('data', (text: string) => this.#take(text));
  }

  end(): void {
    this.#stream.destroy();
    if (this.#rest !== '') this.#note(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    if (this.#left <= 0) return;
    const taken = text.slice(0, this.#left);
    this.#left -= taken.length;
    const lines = (this.#rest + taken).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#note(line);
    if (this.#left > 0) return;
    this.#rest = '';
    this.#note('on_end: what the command prints beyond 64 kB is left out');
  }
}
