/** Limits and quotas of hosts that all workers of a server keep together; loaded only when they are needed. */
import type { Clock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import type { SharedHosts } from '../host-budget/wire/create-shared-hosts.ts';
import type { SharedQuotas } from '../host-budget/wire/shared-quotas.ts';
import type { HostLimits } from '../host-limits.ts';
import type { QuotaLedger } from '../quota/ledger.ts';
import type { HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';
import type { Cluster } from '../transport/cluster.ts';

/** This process's part in the budgets, for as long as its jobs have the same settings of the controller. */
export class HostSharing implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #profiles: HostProfiles;
  readonly #onNotice: (notice: string) => void;
  #quotas: Promise<SharedQuotas> | undefined;
  #current: { readonly hosts: SharedHosts; readonly settings: string } | undefined;

  /** Counted whatever the controller is. */
  readonly quotas: QuotaLedger = {
    book: async (booking) => {
      this.#quotas ??= this.#openQuotas();
      return (await this.#quotas).book(booking);
    },
  };

  /** @param onNotice - told of what keeps rows waiting */
  constructor(cluster: Cluster, clock: Clock, profiles: HostProfiles, onNotice: (notice: string) => void = () => {}) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#profiles = profiles;
    this.#onNotice = onNotice;
  }

  /**
   * Limits for a job; undefined when its controller is each worker's own (`fixed`, `original`, `enable_paarc: false`).
   * Errors: FDC_ERR_TRANSPORT_CONNECT, FDC_ERR_TRANSPORT_SERVER.
   */
  async limitsFor({ fetch, paarc }: ResolvedConfig): Promise<HostLimits | undefined> {
    if (!fetch.enablePaarc || fetch.law !== 'paarc') return undefined;
    const settings = JSON.stringify(paarc);
    if (this.#current?.settings === settings) return this.#current.hosts.limits;
    await this.#leave();
    const hosts = await this.#join(paarc);
    this.#current = { hosts, settings };
    return hosts.limits;
  }

  async #join(settings: ResolvedConfig['paarc']): Promise<SharedHosts> {
    const [{ connectionOf }, { createSharedHosts }] = await Promise.all([
      import('../transport/nats/connect-cluster.ts'),
      import('../host-budget/wire/create-shared-hosts.ts'),
    ]);
    try {
      return await createSharedHosts({
        connection: connectionOf(this.#cluster),
        settings,
        clock: this.#clock,
        snapshotOf: (host) => this.#profiles.snapshotOf(host),
        remember: (host, snapshot) => this.#profiles.remember(host, snapshot),
      });
    } catch (error) {
      if (isFlowDcError(error)) throw error;
      const why = (error as Error).message;
      const message = `the budgets of hosts cannot be shared over ${this.#cluster.server.url}: ${why}`;
      throw new FlowDcError('FDC_ERR_TRANSPORT_SERVER', message, { cause: error });
    }
  }

  async #openQuotas(): Promise<SharedQuotas> {
    const [{ connectionOf }, { SharedQuotas }] = await Promise.all([
      import('../transport/nats/connect-cluster.ts'),
      import('../host-budget/wire/shared-quotas.ts'),
    ]);
    const { url } = this.#cluster.server;
    return new SharedQuotas({
      connection: connectionOf(this.#cluster),
      clock: this.#clock,
      onTrouble: (why) =>
        this.#onNotice(
          `quotas of hosts cannot be counted over ${url} (${why}): the rows of such hosts wait until they can`,
        ),
    });
  }

  /** Give every share back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#quotas)?.close();
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const before = this.#current;
    this.#current = undefined;
    await before?.hosts.close();
  }
}
