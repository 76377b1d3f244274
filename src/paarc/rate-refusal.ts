/** What a 429 makes of the rate that a host allows. */
import { type Mark, type MeasuredRate, rateBetween } from './accepted-log.ts';
import { type Segment, segmentBetween, segmentsUntil } from './bucket.ts';
import { agrees, firstRefusal, probeFailed, rateBefore, refusedInUse, settledAt } from './rate-estimate.ts';
import { crowded, isFound, type RateSearch, type Searched } from './rate-search.ts';
import { episodeMs, episodeReactions, fallenShare, holdMs, spacedSends, tellingRefusals } from './rate-tuning.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** What a 429 did to the rate. */
export interface RateCut {
  /** The gate stays shut until then, beyond any Retry-After; 0 for not at all. */
  readonly holdUntilMs: number;
  /** BACKOFF lasts until then. */
  readonly episodeUntilMs: number;
  readonly reason: string;
}

/**
 * A 429 for the request of `sent`. Its Retry-After must have gone to `pauseFor` before.
 * @returns no cut when it belongs to one that was made already
 */
export function refuseRate(
  settings: DelayedSettings,
  before: RateSearch,
  { mark: sent, inFlight }: { readonly mark: Mark; readonly inFlight: number },
  retryAfterMs: number | undefined,
  nowMs: number,
  reactionMs: number,
): { readonly rate: RateSearch; readonly cut?: RateCut | undefined } {
  const counted = crowded(before, sent);
  if (sent.atMs <= before.cutAtMs) return { rate: counted };
  const isInside = nowMs < before.episodeUntilMs;
  const lastsMs = Math.max(episodeMs, episodeReactions * reactionMs);
  const refused: RateSearch = {
    ...counted,
    lastRefusalAtMs: nowMs,
    retryAfterMs: retryAfterMs ?? before.retryAfterMs,
    episode: [...episodeOf(before, sent, isInside), sent],
    episodeUntilMs: Math.max(nowMs + lastsMs, before.pauseUntilMs),
    phase: before.phase.name === 'paused' ? before.phase : { name: 'refused' },
  };
  const { rate, reason, isHeld } = isFound(before)
    ? again(settings, refused, sent, retryAfterMs, isInside, nowMs, reactionMs)
    : first(settings, refused, sent, (1000 * inFlight) / reactionMs, retryAfterMs, nowMs);
  if (reason === undefined) return { rate };
  const holdUntilMs = isHeld ? nowMs + Math.min(holdMs, reactionMs) : 0;
  return {
    rate: { ...rate, cutAtMs: nowMs + (settings.feedbackDelayMs ?? 0) },
    cut: { holdUntilMs, episodeUntilMs: rate.episodeUntilMs, reason },
  };
}

/** What a 429 makes of the rate. Without a reason it tells nothing yet; held: the bucket gets a moment. */
interface Refused extends Searched {
  readonly isHeld?: boolean;
}

/** The refusals that go on; of those of a host that wants a time between two requests, which say little, by their count. */
function episodeOf({ estimate, episode }: RateSearch, { sends }: Mark, isInside: boolean): readonly Mark[] {
  if (estimate.isSpaced) return episode.filter((mark) => mark.sends > sends - spacedSends);
  return isInside ? episode : [];
}

function first(
  settings: DelayedSettings,
  rate: RateSearch,
  sent: Mark,
  pacePerS: number,
  retryAfterMs: number | undefined,
  nowMs: number,
): Refused {
  const stretch = segmentsUntil(rate.starts, sent, rate.refusedSends);
  const whole: Segment = stretch[0] ?? segmentBetween(rate.refusedSends, sent, sent);
  const estimate = firstRefusal(settings, whole, pacePerS, retryAfterMs !== undefined);
  const met: RateSearch = { ...rate, estimate, previous: sent };
  if (retryAfterMs === undefined)
    return { rate: { ...met, phase: { name: 'refused' }, firsts: stretch }, reason: 'first 429', isHeld: true };
  return { rate: pause(met, 0, nowMs), reason: 'first 429, Retry-After' };
}

function again(
  settings: DelayedSettings,
  rate: RateSearch,
  sent: Mark,
  retryAfterMs: number | undefined,
  isInside: boolean,
  nowMs: number,
  reactionMs: number,
): Refused {
  const { estimate, probe, firsts, previous } = rate;
  const { perS, lowerPerS } = estimate;
  const isProbe = lowerPerS > 0 && perS > lowerPerS;
  if (retryAfterMs !== undefined)
    return {
      rate: pause(rate, isProbe ? lowerPerS : 0, nowMs),
      reason: isProbe ? 'rate probe failed, Retry-After' : '429, Retry-After',
    };
  // One now and then comes too soon on the way; what is too fast is refused again at once, and counted anew after a cut.
  if (estimate.isSpaced && rate.episode.length < tellingRefusals) return { rate };
  const met: RateSearch = { ...rate, previous: sent, episode: estimate.isSpaced ? [] : rate.episode };
  const settled = (measured: MeasuredRate): RateSearch => ({
    ...met,
    estimate:
      probe !== undefined && agrees(settings, measured, probe.fromPerS)
        ? rateBefore(settings, estimate, probe.fromPerS)
        : settledAt(settings, estimate, measured, firsts[0]),
    probe: undefined,
  });
  if (isInside && !estimate.isSpaced) {
    const measured = rateBetween(rate.refusedSends, rate.episode[0] ?? sent, sent, rate.episode, reactionMs);
    // A single moment says little of a rate that seems to have fallen by much: an error of the host's own may end it.
    // Where many machines share a host one more refusal is too dear: what is decided reaches them late.
    const isEnough = rate.episode.length > 2 || (settings.feedbackDelayMs ?? 0) > 0;
    const isTold = measured !== undefined && (isEnough || measured.perS >= fallenShare * perS);
    return isTold ? { rate: settled(measured), reason: 'rate measured between 429s' } : { rate: met };
  }
  if (isProbe) {
    const onlyStepMs = probe?.steps === 0 ? nowMs - probe.mark.atMs : undefined;
    const failed = probeFailed(settings, estimate, onlyStepMs);
    const over = probe && { ...probe, steps: probe.steps + 1 };
    return { rate: { ...met, estimate: failed, probe: over }, reason: 'rate probe failed', isHeld: true };
  }
  const measured =
    lowerPerS === 0 && previous !== undefined && !estimate.isSpaced
      ? rateBetween(rate.refusedSends, previous, sent, rate.episode, 0)
      : undefined;
  if (measured !== undefined && measured.perS < perS)
    return { rate: settled(measured), reason: 'rate measured since the last 429', isHeld: true };
  const lowered = refusedInUse(estimate);
  return { rate: { ...met, estimate: lowered, probe: undefined }, reason: '429 at the rate in use', isHeld: true };
}

function pause(rate: RateSearch, heldPerS: number, nowMs: number): RateSearch {
  return { ...rate, phase: { name: 'paused', sinceMs: nowMs, failedPerS: rate.estimate.perS, heldPerS } };
}
