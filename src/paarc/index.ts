/** What flow-dc/paarc exports. */
export { Coordinator } from './coordinator.ts';
export type { Limit, Load, Observation, Outcome, SendToken, Transition } from './limit.ts';
export { FixedLimit } from './limit.ts';
export { OriginalLimit } from './original-limit.ts';
export { PaarcLimit } from './paarc-limit.ts';
export { RefusalWatch } from './refusal-watch.ts';
export {
  defaultOriginalSettings,
  defaultPaarcSettings,
  type OriginalSettings,
  type PaarcSettings,
} from './settings.ts';
export {
  type Budget,
  type Share,
  ShareLimit,
  splitBudget,
  type WorkerEvent,
  type WorkerReport,
} from './share.ts';
export { assertSnapshot, priorFrom, type Snapshot } from './snapshot.ts';
export { cappedAt, type DelayedSettings } from './valid-settings.ts';
