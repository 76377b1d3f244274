/** What a worker wants to say, the most important first. */
type MessageKind = 'heartbeat' | 'envelope' | 'record';

const windowMs = 1000;
/**
 * Messages in any second that a kind may bring the total to; 8 in all, and the last ones are kept for what matters
 * more.
 */
const mostInWindow: Readonly<Record<MessageKind, number>> = { heartbeat: 8, envelope: 7, record: 6 };

/** Keeps a worker at 8 messages in any second. What may not go now goes with a later one; nothing is lost but time. */
export class MessageAllowance {
  readonly #sentMs: number[] = [];
  #sent = 0;

  /** Messages so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Ask, and count it as sent if it may be. */
  take(kind: MessageKind, nowMs: number): boolean {
    while ((this.#sentMs[0] ?? nowMs) <= nowMs - windowMs) this.#sentMs.shift();
    if (this.#sentMs.length >= mostInWindow[kind]) return false;
    this.#sentMs.push(nowMs);
    this.#sent += 1;
    return true;
  }
}
