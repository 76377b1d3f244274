/** Hosts whose rows are left out: as the configuration says, and as somebody says while the run goes on. */
import type { HostRule } from '../../../config/types.ts';
import type { HostOrder } from '../../../host-limits.ts';

export class SkippedHosts {
  readonly #policyOf: (host: string) => HostRule;
  readonly #said = new Set<string>();

  constructor(policyOf: (host: string) => HostRule) {
    this.#policyOf = policyOf;
  }

  has(host: string): boolean {
    return this.#policyOf(host).skip === true || this.#said.has(host);
  }

  /** Somebody said so while it runs. */
  isSaid(host: string): boolean {
    return this.#said.has(host);
  }

  note({ host, skip }: HostOrder): void {
    if (skip === true) this.#said.add(host);
    else this.#said.delete(host);
  }
}
