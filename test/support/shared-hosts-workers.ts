/** Such workers as processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SharedHostsWorkerLine, SharedHostsWorkerOptions } from './shared-hosts-worker.ts';

const PROGRAM = fileURLToPath(new URL('./shared-hosts-worker.ts', import.meta.url));

/** A worker process of test/support/shared-hosts-worker.ts. */
export class SharedHostsWorker {
  readonly name: string;
  readonly #child: ChildProcess;
  #last: SharedHostsWorkerLine | undefined;
  #errors = '';

  constructor(options: SharedHostsWorkerOptions) {
    this.name = options.name;
    this.#child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, VITEST: undefined, NODE_OPTIONS: undefined },
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#last = JSON.parse(line) as SharedHostsWorkerLine;
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors += text.toString();
    });
  }

  /** Its newest line; undefined before the first. */
  get last(): SharedHostsWorkerLine | undefined {
    return this.#last;
  }
  get errors(): string {
    return this.#errors;
  }
  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(name);
    await exited;
  }
}
