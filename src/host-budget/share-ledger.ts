/** The leader's books for one host: what each worker may have in flight, as far as the leader can know. */

/** Grants to a worker that does not answer; older ones are merged. */
const maxOpen = 64;

/** What one worker may have in flight at most. */
interface Account {
  /** The newest grant that the worker said it had applied. */
  ackedSeq: number;
  /**
   * The larger of its permits and its requests in flight when it said so; it can only fall until a newer grant arrives.
   */
  heldThen: number;
  /** Grants after that one: any of them may be in force by now. */
  readonly open: { readonly seq: number; readonly permits: number }[];
}

/**
 * The leader's books for one host: nobody is granted more before somebody else is known to hold less. The sum of what
 * all workers may have in flight is at most the budget, whatever is lost, late or doubled on the way; only a budget
 * that shrinks has to wait for answers.
 */
export class ShareLedger {
  readonly #accounts = new Map<string, Account>();
  #seq = 0;

  /** Most that this worker may have in flight. */
  held(worker: string): number {
    const account = this.#accounts.get(worker);
    if (account === undefined) return 0;
    return account.open.reduce((most, { permits }) => Math.max(most, permits), account.heldThen);
  }

  get #heldByAll(): number {
    let sum = 0;
    for (const worker of this.#accounts.keys()) sum += this.held(worker);
    return sum;
  }

  /** Some grant has not been confirmed yet. */
  get isOpen(): boolean {
    for (const account of this.#accounts.values()) if (account.ackedSeq < this.#seq) return true;
    return false;
  }

  /** A worker says which grant it obeys, and what that leaves it holding. Its first word opens its account. */
  confirm(worker: string, seq: number, permits: number, inFlight: number): void {
    const heldThen = Math.max(permits, inFlight);
    const account = this.#accounts.get(worker);
    if (account === undefined) {
      this.#accounts.set(worker, { ackedSeq: seq, heldThen, open: [] });
      return;
    }
    if (seq < account.ackedSeq || seq > this.#seq) return;
    account.ackedSeq = seq;
    account.heldThen = heldThen;
    while (account.open[0] !== undefined && account.open[0].seq <= seq) account.open.shift();
  }

  /** The worker is gone, or holds nothing any more. */
  close(worker: string): void {
    this.#accounts.delete(worker);
  }

  /**
   * The next grant: `targets` where the budget has room for them by now, less where it has not. Nothing is booked yet.
   * @param budget - most in flight by all accounts together
   * @param mayGrow - false while somebody may hold something that is not in these books
   * @returns permits by worker, for every account; 0 for those without a target
   */
  plan(targets: ReadonlyMap<string, number>, budget: number, mayGrow: boolean): Map<string, number> {
    let free = mayGrow ? Math.max(0, budget - this.#heldByAll) : 0;
    const plan = new Map<string, number>();
    for (const worker of this.#accounts.keys()) {
      const target = targets.get(worker) ?? 0;
      const held = this.held(worker);
      const more = Math.min(free, Math.max(0, target - held));
      free -= more;
      plan.set(worker, Math.min(target, held + more));
    }
    return plan;
  }

  /** Book a plan as granted, under the next number. It must leave now. */
  issue(plan: ReadonlyMap<string, number>): number {
    this.#seq += 1;
    for (const [worker, account] of this.#accounts) this.#open(account, plan.get(worker) ?? 0);
    return this.#seq;
  }

  #open(account: Account, permits: number): void {
    // Of a row of equal or falling grants the first binds longest; only a rise or a fall that can be confirmed needs
    // its own line.
    const last = account.open.at(-1);
    if (last !== undefined && last.permits === permits) account.open.pop();
    account.open.push({ seq: this.#seq, permits });
    if (account.open.length > maxOpen) {
      const [first, second] = account.open.splice(0, 2) as [(typeof account.open)[0], (typeof account.open)[0]];
      account.open.unshift({ seq: second.seq, permits: Math.max(first.permits, second.permits) });
    }
  }
}
