/** One run of a job over several processes, and what can happen to each of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../../../src/demo-hosts/random.ts';
import { type ChaosChild, startChaosProcess } from '../../support/chaos-cluster.ts';
import type { ChaosPlan } from '../../support/chaos-process.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';

/** How long a unit is its holder's without a sign of life. */
export const ACK_WAIT_MS = 1_500;

/**
 * One run's actors. Workers are replaced when they die; the second one reaches its server over a network that breaks.
 */
export class ChaosRun {
  readonly plan: Omit<ChaosPlan, 'role'>;
  readonly server: NatsServer;
  readonly network: TcpProxy;
  readonly #workers: (ChaosChild | undefined)[] = [];
  readonly said: string[] = [];
  /** What the first process said that ended with an error of its own. */
  failed: string | undefined;
  #submitter: ChaosChild | undefined;
  #isOver = false;

  constructor(server: NatsServer, network: TcpProxy, plan: Omit<ChaosPlan, 'role'>) {
    this.server = server;
    this.network = network;
    this.plan = plan;
  }

  submit(): void {
    this.#submitter = this.#keep(startChaosProcess({ ...this.plan, role: 'submit' }), () => {});
  }

  killSubmitter(): void {
    this.#submitter?.child.kill('SIGKILL');
    this.submit();
  }

  work(place: number): void {
    const url = place === 1 ? `nats://127.0.0.1:${this.network.port}` : this.server.url;
    const child = startChaosProcess({ ...this.plan, role: 'work', url });
    this.#workers[place] = this.#keep(child, () => {
      if (!this.#isOver && child.child.signalCode !== null) this.work(place);
    });
  }

  kill(place: number): void {
    this.#workers[place]?.child.kill('SIGKILL');
  }

  async freeze(place: number, ms: number): Promise<void> {
    const child = this.#workers[place]?.child;
    child?.kill('SIGSTOP');
    await sleep(ms);
    child?.kill('SIGCONT');
  }

  /** Stop the worker that takes the first unit. */
  async freezeHolder(ms: number): Promise<void> {
    const holder = (): ChaosChild | undefined => this.#workers.find((one) => one?.output().includes('took'));
    while (holder() === undefined) await sleep(20);
    const child = holder()?.child;
    await sleep(200);
    child?.kill('SIGSTOP');
    await sleep(ms);
    child?.kill('SIGCONT');
  }

  async crashServer(awayMs: number): Promise<void> {
    await this.server.kill();
    await sleep(awayMs);
    await this.server.start();
  }

  /** Who is there and what everybody said, for a run that does not end. */
  describe(): string {
    const all = [...this.#workers, this.#submitter].filter((one) => one !== undefined);
    const lines = all.map(
      ({ child, output }) => `${child.pid} exit ${child.exitCode} ${child.signalCode}: ${output().slice(-600)}`,
    );
    return [...lines, 'ended before:', ...this.said.map((text) => text.slice(-300))].join('\n');
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const all = [...this.#workers, this.#submitter].filter((one) => one !== undefined);
    await Promise.race([Promise.all(all.map((one) => one.ended)), sleep(1_000)]);
    for (const { child } of all) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    await Promise.all(all.map((one) => one.ended));
  }

  #keep(child: ChaosChild, onEnd: () => void): ChaosChild {
    void child.ended.then(() => {
      this.said.push(child.output());
      if (child.child.exitCode !== 0 && child.child.signalCode === null) this.failed ??= child.output();
      onEnd();
    });
    return child;
  }
}

/** Everything at once, at times that differ from seed to seed. */
export async function everything(run: ChaosRun, seed: number): Promise<void> {
  const between = (what: string, from: number, to: number): number => from + uniform(what, seed) * (to - from);
  const at = (what: string, fromMs: number, toMs: number): Promise<void> => sleep(between(what, fromMs, toMs)).then();
  await Promise.all([
    at('submitter', 400, 900).then(() => run.killSubmitter()),
    at('first worker', 1_500, 3_000).then(() => run.kill(0)),
    at('second worker', 2_500, 4_500).then(() => run.kill(1)),
    at('third worker', 4_500, 6_000).then(() => run.kill(2)),
    at('freeze', 1_000, 2_000).then(() => run.freeze(2, 1.8 * ACK_WAIT_MS)),
    at('crash', 1_500, 2_500)
      .then(() => run.crashServer(between('away', 100, 900)))
      .then(() => at('second crash', 1_500, 3_000))
      .then(() => run.crashServer(between('away again', 100, 900))),
    at('break', 2_000, 3_500)
      .then(() => run.network.break())
      .then(() => at('mend', 500, 2_000))
      .then(() => run.network.mend()),
  ]);
}
