/** The rules of PAARC that can be taken out one at a time, and how: by other text in the files of src/paarc. */

import { type Rule, rule } from './rule.ts';

export const RULES: readonly Rule[] = [
  rule('STARTUP ends where throughput no longer follows', [
    'startup',
    'gain < 1 + flatShare * (growth - 1) ? state.flatRounds + 1 : 0',
    '0',
  ]),
  rule('a long tail is a queue', [
    'probe-bw',
    '(interval.samples >= tailSamples && ratio95 > settings.theta95 && point.ratio50 > tailMedianRatio)',
    'false',
  ]),
  rule('a queue cuts the limit', [
    'probe-bw',
    'const cut = cutForLatency(settings, control, seen, point);',
    'const cut = undefined as ReturnType<typeof cutForLatency>;',
  ]),
  rule('PROBE_RTT', ['probe-bw', 'nowMs >= control.probeRttAtMs && search.probe === undefined', '1 > 2']),
  rule('PROBE_RTT is skipped where there is no queue', [
    'probe-bw',
    'point.ratio50 <= settings.qGrow && skips < maxSkippedProbeRtts',
    '1 > 2',
  ]),
  rule('a cut for latency that costs throughput is undone', [
    'probe-bw',
    'const restored = notOurQueue(control, search, round);',
    'const restored = undefined as ReturnType<typeof notOurQueue>;',
  ]),
  rule('probes for more', [
    'probe-bw',
    'if (degraded || !due || search.trial !== undefined) return stay;',
    'return stay;',
  ]),
  rule('a limit cut by much is probed by doubling', ['probe-bw', 'recovering ? settings.startupGain : ', '']),
  rule('a failed probe waits longer', [
    'probe-bw',
    'newSearch(Math.min(maxWait, 2 * search.wait))',
    'newSearch(search.wait)',
  ]),
  rule('probes are soon where there is no queue', ['probe-bw', 'const due = free || ', 'const due = ']),
  rule('a few errors are tested with a little less load', [
    'probe-bw',
    'tryFewerErrors(settings, control, counted, nowMs) ??',
    '',
  ]),
  rule('a baseline falls with the host', [
    'baseline',
    'if (baseline === undefined) return known;',
    'if (1 > 0 || baseline === undefined) return known;',
  ]),
  rule('a mixture is judged by its mean', [
    'mixture',
    'return meanMs > Math.min(mixedRatio * p50Ms, mixedQuarterRatio * p25Ms);',
    'return false;',
  ]),
  rule('rounds of our own side teach nothing', ['step', 'if (interval.clientLimited && ', 'if (1 > 2 && ']),
  rule('STARTUP goes on while throughput follows', [
    'step',
    "!(state.name === 'startup' && follows(control, state, interval))",
    'true',
  ]),
  rule('a silence of the host begins a new round', [
    'reduce',
    'if (baseline === undefined || gapMs',
    'if (1 > 0 || gapMs',
  ]),
  rule('the first answers are awaited, slow ones too', ['rounds', 'firstFlying > 0', '1 > 2']),
  rule('STARTUP looks at the unloaded latency', ['step', 'probeRttAtMs: nowMs + settings.probeRttPeriodMs };', '};']),
  rule('a mixture begins STARTUP anew', [
    'step',
    'if (!control.isMixed && point.ratio50',
    'if (1 > 2 && point.ratio50',
  ]),
  rule('a rest begins a new round', ['reduce', 'nowMs - host.idleSinceMs > restMs', '1 > 2']),
  rule('the fast ones of a mixture are no first point', ['step', 'if (known.isMixed) return {', 'if (1 > 2) return {']),
  rule('a host that refused at once is asked one after the other', ['state', 'concurrency < cInit', '1 > 2']),
  rule('sends are spread over a wave', ['state', 'return latencyMs / (2 * concurrency);', 'return 0;']),
  rule('a ceiling is passed by careful steps', ['ceiling', 'carefulSteps: carefulGains.length', 'carefulSteps: 0']),
  rule('a ceiling found again is believed longer', [
    'ceiling',
    '2 ** Math.min(maxDoublings, ceiling.rediscoveries)',
    '1',
  ]),
  rule('a small cap is asked less often', ['ceiling', 'Math.max(1, smallCap / ceiling.concurrency)', '1']),
  rule('growth keeps below a ceiling', [
    'ceiling',
    'if (ceiling.concurrency < Number.POSITIVE_INFINITY)',
    'if (1 > 2)',
  ]),
  rule('one error in a hundred is presumed', [
    'overload',
    'control.shownErrors ?? presumedErrors',
    'control.shownErrors ?? 0',
  ]),
  rule('cuts that follow are larger', ['overload', 'before - 2 ** Math.max(0, repeats - 1)', 'before - 1']),
  rule('a cut is in proportion to the time of errors', ['overload', 'refusedAt - 1, passed)', 'refusedAt - 1)']),
  rule('a host that refuses two at once gets one', [
    'overload',
    'refusedAt > 1 && refusedAt <= settings.cMin ? 1 : settings.cMin',
    'settings.cMin',
  ]),
  rule('cut after cut leaves no ceiling', [
    'overload',
    '(repeats > 0 && severe) || refusedAt < failedPart * beganAt',
    '1 > 2',
  ]),
  rule('mostly errors twice is an outage', ['overload', '(severe && wasSevere) || isAlways', '1 > 2']),
  rule('twenty errors in a row are an outage', [
    'reduce',
    'if (isFailing && !isOut) return silenced(settings, host, nowMs);',
    '',
  ]),
  rule('the others of a wave take a cut back', [
    'reduce',
    'undo(settings, host, nowMs) || judge(settings, host, nowMs)',
    'judge(settings, host, nowMs)',
  ]),
  rule('errors are blamed on host, load or rate', [
    'reduce',
    'undo(settings, host, nowMs) || judge(settings, host, nowMs)',
    'undo(settings, host, nowMs)',
  ]),
  rule('errors that linger cut again', ['backoff', 'if (lingering) return', 'if (1 > 2) return']),
  rule('a deep cut is recovered by STARTUP', [
    'backoff',
    'if (concurrency < deepPart * recoverConcurrency)',
    'if (1 > 2)',
  ]),
  rule('deep cuts made again try a rate', ['blame', 'isSawtooth: blame.isSawtooth || (isFirst && wasDeep),', '']),
  rule('errors at some of a level try a rate', ['blame', 'if (isGradual(seen.errorLevels) && mayTry)', 'if (1 > 2)']),
  rule('what comes too soon after another request tells a rate', [
    'blame',
    'const gap = leastGap(gaps);',
    'const gap = undefined as ReturnType<typeof leastGap>;',
  ]),
  rule('of many requests a few may come too soon on their way', [
    'rate-refusal',
    'estimate.isSpaced && rate.episode.length < tellingRefusals',
    '1 > 2',
  ]),
  rule('an outage that returns at once tries a rate', [
    'blame',
    'const isNoOutage = outage.isRelapse ||',
    'const isNoOutage =',
  ]),
  rule('answers between errors are no outage', [
    'blame',
    "(outage.mixes >= mixedLeast && verdict === 'many')",
    'false',
  ]),
  rule('errors taken for the host again try a rate', [
    'blame',
    'nowMs - blame.ownAtMs < againMs && suspicion.errors > fewErrors * suspicion.results',
    '1 > 2',
  ]),
  rule('a rate without errors is doubled once', [
    'blame',
    'const isFirst = nowMs - blame.triedAtMs > againMs;',
    'const isFirst = false;',
  ]),
  rule('a single error is no sign of a rate', ['reduce', 'host.resultsSinceError <= chanceResults', 'true']),
  rule('expected errors are forgotten', [
    'error-cause',
    'if (share === undefined || share !== before.shownErrors) return next;',
    'if (1 > 0) return next;',
  ]),
  rule('a 429 may mean a cap', [
    'refusals',
    'const connections = host.levels && connectionCap(host.levels);',
    'const connections = undefined as number | undefined;',
  ]),
  rule('an error that says when is about the rate', [
    'reduce',
    "outcome.kind === 'overload' && pauseMs !== undefined ? 'rate' : outcome.kind",
    'outcome.kind',
  ]),
  rule('rare refusals are no sign of a rate', ['refusals', 'isRare(settings, host, mark)', 'false']),
  rule('a probe that costs throughput without a queue is looked at twice', [
    'probe-bw',
    'from.isSecondLook !== true',
    'false',
  ]),
  rule('a failed probe leaves the rate of before where that is measured', [
    'rate-refusal',
    'probe !== undefined && agrees(settings, measured, probe.fromPerS)',
    'probe !== undefined && 1 > 2',
  ]),
  rule('a rate that fell by much is refused twice before that is believed', [
    'rate-refusal',
    'isEnough || measured.perS >= fallenShare * perS',
    'measured.perS > 0',
  ]),
  rule('errors during PROBE_RTT are no overload', [
    'overload',
    "state.name === 'probe-rtt' && !severe",
    "state.name === 'probe-rtt' && 1 > 2",
  ]),
  rule('single refusals at falling rates are chance', [
    'refusals',
    'host.singleRefusals.length >= tellingStairs',
    '1 > 2',
  ]),
  rule('errors that took long cut to what fits', ['overload', 'ratio > theta50', '1 > 2']),
  rule('a first wave that drains is no mixture', ['step', 'interval.samples >= settings.nInit && ', '']),
  rule('errors of before a cut make no outage', ['reduce', 'else if (flight.mark.atMs > host.cutAtMs)', 'else']),
  rule('silence grows while everything is refused', [
    'refusals',
    'host.silence = refusedAgain(host.silence, mark.atMs, isShut, nowMs, jitter);',
    '',
  ]),
  rule('the mean of all time is the least rate after a silence', [
    'refusals',
    'host.rate = grantedInTheLongRun(host.rate, meanPerS, placeOf(host, nowMs));',
    '',
  ]),
  rule('the newest stretch shows a fall', ['accepted-log', 'stretchPerS < recordFallenShare * perS', '1 > 2']),
  rule('a rate is measured between two 429s', ['rate-refusal', 'return isTold ? {', 'return isTold && 1 > 2 ? {']),
  rule('a rate is measured since the last 429', [
    'rate-refusal',
    'if (measured !== undefined && measured.perS < perS)',
    'if (1 > 2 && measured !== undefined)',
  ]),
  rule('a burst is guessed before it is known', [
    'rate-estimate',
    'if (rate.isBurstKnown || firsts.length === 0) return rate.burst;',
    'if (1 > 0) return rate.burst;',
  ]),
  rule('bounds near each other are narrowed late', [
    'rate-estimate',
    'upperPerS > nearBounds * perS ? 0 : (1000 * nearSends) / perS',
    '0',
  ]),
  rule('bounds far apart are crossed faster', ['rate-estimate', 'upperPerS > wideBounds ** 2 * perS', '1 > 2']),
  rule('what a burst could fake is waited for', [
    'rate-estimate',
    'if (perS <= settings.rateResolution * lowerPerS) return plainMs;',
    'if (1 > 0) return plainMs;',
  ]),
  rule('a single probe bounds the rate closely', [
    'rate-estimate',
    'if (onlyStepMs === undefined) return',
    'if (1 > 0) return',
  ]),
  rule('probes of a rate are paid from a budget', [
    'rate-estimate',
    'return Math.max(probeLeastMs, paidMs, pausesBetweenProbes * rate.retryAfterMs);',
    'return probeLeastMs;',
  ]),
  rule('a bucket holds what its rate gives in a second', [
    'pause-lesson',
    'Math.min(middlePerS, (1000 * whole.accepted) / burstMs)',
    'middlePerS',
  ]),
  rule('two stretches give rate and burst', [
    'pause-lesson',
    'if (bucket !== undefined) {',
    'if (1 > 2 && bucket !== undefined) {',
  ]),
  rule('a mean over the pause bounds the bucket', ['bucket', 'if (!isFlat) return best;', 'if (1 > 0) return best;']),
  rule('growth of the limit begins a stretch', [
    'rate-search',
    'if (isFound(rate) || rate.starts.length === 0) return rate;',
    'if (1 > 0) return rate;',
  ]),
  rule('a rough slope narrows wide bounds', [
    'pause-lesson',
    'isWide ? roughSlope(firsts, whole, overallPerS, failedPerS) : overallPerS',
    'isWide ? undefined : overallPerS',
  ]),
  rule('the pace of growth is an upper bound', [
    'rate-estimate',
    'const upperPerS = Math.max((1000 * accepted) / whole.elapsedMs, pacePerS);',
    'const upperPerS = (1000 * accepted) / whole.elapsedMs;',
  ]),
];
