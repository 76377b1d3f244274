/** When a round of measuring is over, and when to look at the load next. */
import type { Host } from './host.ts';
import type { PaarcSettings } from './settings.ts';
import type { Control, PaarcState } from './state.ts';
import {
  answeredReactions,
  fewSamples,
  initPatienceMs,
  leastLookMs,
  leastSamples,
  looksPerReaction,
  mixedSamples,
  mostLookMs,
  roundPatienceMs,
  roundPatienceReactions,
  tailSamples,
} from './tuning.ts';

/** Whether the round of a host has seen enough to be judged. */
export function isRoundOver(
  settings: PaarcSettings,
  { round, control, state, firstFlying }: Readonly<Host>,
  nowMs: number,
): boolean {
  const { samples } = round;
  const elapsedMs = nowMs - round.startMs;
  // The first answers of all are the fast ones: those of the first wave that take longer belong to the baseline.
  if (elapsedMs <= 0 || (state.name === 'init' && firstFlying > 0 && elapsedMs < initPatienceMs)) return false;
  if (elapsedMs >= Math.max(roundPatienceReactions * control.reactionMs, roundPatienceMs))
    return samples >= leastSamples;
  if (state.name === 'init' && samples >= leastSamples && elapsedMs >= initPatienceMs) return true;
  return elapsedMs >= leastRoundMs(settings, control, state) && samples >= samplesNeeded(settings, control, state);
}

/**
 * When to look at the load next: at a steady pace, and at the moment at which the round can be over, because a late end
 * of every round would slow STARTUP down.
 */
export function nextLookMs(settings: PaarcSettings, { round, control, state }: Readonly<Host>, nowMs: number): number {
  const dueMs = round.startMs + leastRoundMs(settings, control, state);
  const lookMs = nowMs + Math.min(mostLookMs, Math.max(leastLookMs, control.reactionMs / looksPerReaction));
  return dueMs > nowMs ? Math.min(dueMs, lookMs) : lookMs;
}

/**
 * No round is shorter: what a change of the limit did shows after a reaction time, and its spread after half another.
 */
function leastRoundMs(settings: PaarcSettings, control: Control, state: PaarcState): number {
  if (state.name === 'init') return 0;
  const reactions = state.name === 'startup' ? 1 : answeredReactions;
  return Math.max(settings.roundFloorMs, reactions * control.reactionMs);
}

function samplesNeeded(settings: PaarcSettings, control: Control, state: PaarcState): number {
  switch (state.name) {
    case 'init':
      return settings.nInit;
    case 'startup':
      return Math.min(settings.nMin, Math.max(settings.nInit, control.concurrency / 2));
    case 'probe-bw':
      if (control.isMixed) return mixedSamples;
      return state.search.probe === undefined ? settings.nMin : tailSamples;
    case 'probe-rtt':
      return fewSamples;
    case 'backoff':
      return settings.nMin;
  }
}
