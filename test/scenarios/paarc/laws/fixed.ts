/** A limit that never moves. */
import { FixedLimit } from '../../../../src/paarc/limit.ts';
import type { LimitFactory } from '../sim/run-scenario.ts';

/** So many requests in flight whatever happens; a Retry-After is kept. */
export function fixed(permits: number): LimitFactory {
  return () => new FixedLimit(permits);
}
