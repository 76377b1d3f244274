export type { Limit, Load, Observation, Outcome, SendToken, Transition } from './limit.ts';
export { FixedLimit } from './limit.ts';
export { defaultPaarcSettings, type PaarcSettings } from './options.ts';
export { PaarcLimit } from './paarc-limit.ts';
