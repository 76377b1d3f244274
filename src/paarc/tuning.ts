/**
 * Every constant of the law that is no setting, but for those about rates (rate-tuning.ts), and where it comes from.
 * *Runs*: where the hosts of test/scenarios/paarc did best. *Chosen*: a round number that seemed right, and was kept
 * because they did well with it. `npm run ablate` shows what the rules are good for that use them.
 */

// The unloaded latency.
/** Durations kept: enough for a steady p95, few enough to forget an old path within a few rounds. Runs. */
export const reservoirSize = 200;
/**
 * The p95 is taken for at least this multiple of the median: a short sample of a steady host would make any spread
 * look like a queue. Chosen.
 */
export const leastSpread = 1.3;
/** A round this far below the baseline replaces it; fewer samples must be further below. Runs. */
export const lowerWithMany = 0.9;
export const manySamples = 50;
export const lowerWithFew = 0.7;
export const fewSamples = 20;

// A round.
/**
 * Durations kept per round; a fast host fills a round long before its time is over, and the rest is only counted.
 * Chosen.
 */
export const keptDurations = 2048;
/** Their mean is so many times their median; that of one kind of request with a wide spread is 1.6 at most. Chosen. */
export const mixedRatio = 2;
/** Where the fast ones are less than half, a quarter of all is faster by more than one kind of request is. Chosen. */
export const mixedQuarterRatio = 4;
/** Part of a new measurement that is believed. Chosen. */
export const newShare = 0.5;
/** An idle time that ends a round. Chosen. */
export const restMs = 1000;
/** No answer for so long, and so many times the unloaded tail: what comes then has waited for the host. Chosen. */
export const gapLeastMs = 700;
export const gapBaselines = 3;
export const gapSettles = 2;
/** Looks per reaction time, within bounds: enough to see idle permits, few enough to be free. Chosen. */
export const looksPerReaction = 4;
export const leastLookMs = 20;
export const mostLookMs = 100;
/** INIT ends with fewer samples when a slow host had this much time. Chosen. */
export const initPatienceMs = 3000;
export const leastSamples = 5;
/** A round of a slow host ends after this much time or so many reaction times with as few samples. Runs. */
export const roundPatienceMs = 6000;
export const roundPatienceReactions = 10;
/** Where slow requests are mixed with fast ones a round lasts no longer than this. Chosen. */
export const mostMixedReactionMs = 3000;
export const mixedMeans = 3;
/** Few of them are slow, and those tell. Chosen. */
export const mixedSamples = 200;
/** A look at the unloaded latency this far off replaces the baseline instead of joining it. Chosen. */
export const replaceBelow = 0.75;
export const replaceAbove = 1.33;

// STARTUP.
/** Part of the growth of the limit that throughput must show, else the round was flat. Runs. */
export const flatShare = 0.5;
/** Above this part the host followed nearly in step: its latencies are still unloaded ones. Chosen. */
export const followingShare = 0.7;
/** A median ratio that supports a doubtful plateau, and one that shows no queue at all. Chosen. */
export const plateauRatio = 1.5;
export const unloadedRatio = 1.3;

// PROBE_BW and PROBE_RTT.
/** A look at the unloaded latency may be skipped this often in a row while there is no queue to see. Chosen. */
export const maxSkippedProbeRtts = 3;
/** A total cut by this factor costs throughput if the queue was not ours. Chosen. */
export const tellingCut = 1.5;
/** With less than this part of it left it did. Chosen: a longer path leaves two thirds at most. */
export const keptShare = 0.75;
/** The tail counts as a queue only with so many samples, which a probe takes as well, and a median that agrees. Chosen. */
export const tailSamples = 100;
export const tailMedianRatio = 1.25;
/** Above this ratio a probe starts only when waiting has been long enough, below it soon. Chosen. */
export const costlyRatio = 1.35;
/** A median that rose less than this shows no queue: a probe that costs throughput then is looked at twice. Runs. */
export const stillRise = 1.1;
export const maxWait = 16;
export const maxFailures = 4;
/** A limit further below the one of before a cut grows as in STARTUP. Chosen. */
export const recoverShare = 0.6;

// The limit at which the host refused.
/**
 * A ceiling is believed for so long, doubled with each rediscovery up to three times: a cap that holds is asked ever
 * less often. Chosen.
 */
export const believedMs = 30_000;
export const maxDoublings = 3;
/** One permit more than a smaller cap allows costs a larger part of the requests, so it is tried less often. Chosen. */
export const smallCap = 10;
/** Growth of the steps after a ceiling was forgotten, last step first. Chosen. */
export const carefulGains = [1.15, 1.1, 1.05] as const;

// Errors.
/**
 * Share of requests and of their time above which an overload is severe, and with the least limit an outage. Chosen.
 */
export const severeShare = 0.5;
/** Mid-round, and at the end of a cooldown, a burst of errors needs this share to be believed; before, these results. Runs. */
export const earlyResults = 4;
export const earlyShare = 0.05;
/** Cooldown in units of the unloaded median (cooldown_rtprop_mult of the original). */
export const cooldownBaselines = 5;
/**
 * Share of errors that is taken for chance until the host has shown its own: real hosts have some, and at 0 three of
 * them in a hundred replies would stop a growing limit for four seconds. Runs.
 */
export const presumedErrors = 0.01;
/** Requests sent with this much more in flight than the least refused ones would all have met the same cap. Chosen. */
export const aboveCap = 1.1;
/** So many answers without a refusal, or among few of them, tell. Chosen. */
export const leastAnswers = 8;
/** Below this share of refusals among them there is no cap. Runs: a cap gives 0.3 and more. */
export const overloadChanceShare = 0.15;
/** Refusals below this part of where they began are no sign of where the host refuses. Runs. */
export const failedPart = 0.7;
/**
 * Answers to requests from before a change of the limit are in after this many reaction times; no round is shorter.
 * Chosen.
 */
export const answeredReactions = 1.5;
/** At the end of a cooldown so many errors are reason to cut again. Runs. */
export const lingeringErrors = 2;
/** A deep cut is recovered by STARTUP, up to this part of the limit of before, a smaller one by probes. Chosen. */
export const recoverTarget = 0.95;
/** Part of the limit of before that STARTUP begins with then. Chosen. */
export const recoverStart = 0.25;
/**
 * So many errors make a share worth comparing: where chance makes twelve, fewer than half of them come once in fifty
 * times. Chosen.
 */
export const tellingErrors = 12;
/** A smaller share is not worth a permit. Chosen: half of what a steady state may cost. */
export const worthwhileShare = 0.0025;
/** Part of the expected errors that must be there for "our load did not cause them". Chosen. */
export const remainingShare = 0.5;
/** Older results count half, so that a host that changes after an hour is noticed within minutes. Chosen. */
export const rememberedResults = 16_384;
/** Less load by this factor would have ended a few errors that our load had caused, and by that factor many. Chosen. */
export const lessLoad = 0.85;
export const leastLoad = 0.2;
/**
 * Two shares of errors are told apart, one result at a time: a host that is ill, and one that is well but for chance.
 * Source: Wald's sequential test; the shares were chosen between what hosts were seen to have.
 */
const illShare = 0.06;
export const onError = Math.log(illShare / presumedErrors);
export const onAnswer = Math.log((1 - illShare) / (1 - presumedErrors));
/** One wrong verdict in a hundred for "ill"; for "well" one in twenty, since the next cut asks again. Chosen. */
export const illAbove = Math.log(100);
/** So much is soon gone when the errors have ended. Chosen. */
export const mostEvidence = illAbove + 1;
export const wellBelow = -Math.log(20);
/**
 * More errors than this are first taken for a rate that is exceeded, and more than that never for a host's own.
 * Chosen.
 */
export const mostOfIll = 0.2;
export const mostOwn = 0.4;
/** So many results make half of a share that is believed. Chosen. */
export const halfLifeResults = 300;
/**
 * Errors that were taken for the host's own and cut the limit again so soon are taken for a rate; and so long a host
 * that refused a single request has no place to refuse at. Chosen.
 */
export const againMs = 60_000;
/** Fewer than this are the host's own, however often they cut the limit. Chosen. */
export const fewErrors = 0.12;
/** Cuts below this part of the limit of before are deep. Chosen. */
export const deepPart = 0.5;
/** Errors that followed an answer so often are no outage. Chosen. */
export const mixedLeast = 3;
/** An outage so soon after the last one. Chosen. */
export const relapseMs = 5000;
/**
 * A rate is measured for so long, and until so much was granted, before it is tried, and as long without an error before
 * it is doubled; at first it is still being found, and may turn out far below what was granted. Chosen.
 */
export const trialMeasureMs = 1000;
export const trialGrants = 2;
export const trialStartMs = 2000;
/** Where errors mean a rate, one without another among so many results is chance. Chosen: see presumedErrors. */
export const chanceResults = 100;
/** After a trial that failed. Chosen. */
export const trialPauseMs = 30_000;
/** With this share of errors below the rate it was none; with that it was. Runs. */
export const failedShare = 0.25;
export const failedErrors = 4;
/** What finding a rate costs at first is no sign against it. Runs. */
export const searchErrors = 0.03;
/**
 * A rate would not have granted so much more before it was tried. Runs: 0.93 is the least of 66 rates, 0.4 is what half
 * outages come to. Later than this a stretch that was measured roughly has to be followed by one more error. Runs.
 */
export const trialFallenShare = 0.6;
/** After a rate was doubled errors are what was asked for, for so long. Chosen. */
export const doubledMs = 4000;

/**
 * A time between two requests is read from so many of the newest, granted and refused, once there are so many of either,
 * and as many of the former that no cap of one makes; a part of them may be on the wrong side, and it is known within
 * this factor. Runs.
 */
export const keptGaps = 32;
export const gapRefusals = 5;
export const gapGrants = 12;
export const gapStrays = 0.1;
export const tellingGap = 5;
/** What a probe sends at once comes nearly as soon after another request; and timers are no better than 1 ms. Runs. */
export const leastGapMs = 3;
/** The first requests tell of a bucket; and so many in a row that were let in of a host that refuses no more. Chosen. */
export const firstGaps = 16;
export const gapsUntilCalm = 128;
/** Later than this they are counted only while errors made us cut, or a rate is tried. Chosen. */
export const watchedSends = 1000;
/** After so many in a row nothing is read from them. Chosen. */
export const calmGrants = 32;

// Begin and end.
/** Before the first answer the reaction time is a guess. Chosen: a continental round trip plus service. */
export const guessedReactionMs = 150;
/** Rounds to wait for a probe in the steady state, and after a change that left room. Runs. */
export const steadyWait = 8;
export const eagerWait = 2;
/**
 * One request per this time while a host is out (half-open), ever fewer while all fail: some 50 in a minute. Chosen.
 */
export const firstProbeMs = 500;
export const lastProbeMs = 2000;
export const failuresToDouble = 25;
/** A stranger gets the limit that three of four hosts like it have carried. Chosen. */
export const cautiousShare = 0.25;
/** So many answers in a row that are no overload end an outage. Chosen. */
export const outageAnswers = 3;
/** So many errors without anything else between them are an outage, however much was in flight. Chosen. */
export const outageFailures = 20;
/** A decrease is given a little longer than an increase: the queue it shortens has to drain first. Chosen. */
export const settleAfterDecrease = 1.2;
