/** Every constant of the law about rates, caps that say 429, and shut doors, and where it comes from: see tuning.ts. */

// Refusals that say no.
/** Counts of sends per number at the host; a cap above this would be taken for a rate. Chosen. */
export const mostLevels = 256;
/**
 * So many refusals, and so many sends with a little less at the host that were granted, tell; so many grants have shown
 * a rate well. Chosen.
 */
export const tellingRefusals = 3;
export const tellingGrants = 12;
/** What is granted with less than this part of the cap says nothing of it. Chosen. */
export const nearCap = 0.85;
/**
 * This part of the refusals may have met less than the cap: an answer on its way still counts here, not there. Chosen.
 */
export const strays = 0.2;
/** Below a cap nearly all are granted, above it nearly none. Chosen. */
export const sharp = 0.8;
/** So many refusals, and this part granted beside them, are no cap and no chance either. Chosen. */
export const gradualRefusals = 5;
export const gradualLevel = 8;
export const gradualLeast = 0.3;
export const gradualMost = 0.9;
/**
 * So many refusals are remembered one by one: those that may have been on their way when a request went out, and those
 * that a search for a rate counts, which has long been answered by then. Chosen.
 */
export const keptRefusals = 512;
/**
 * Refusals for so long without anything else, and so many as tell of a cap, are no rate that is a little too high: the
 * door is shut. The first silence is as long. Chosen.
 */
export const shutMs = 1000;
/**
 * Doubling up to here, then by a part: a window that opens after an hour is found with a few dozen requests, and at
 * most that part too late. Chosen.
 */
export const doublingMs = 8000;
export const slowerGrowth = 1.35;
/** So rare a run of denials, by the host's own share of them, is no chance. Its logarithm. Chosen. */
export const beyondChance = Math.log(1e-9);
/** Never fewer in a row than this: dead links come in clusters. Chosen. */
export const leastRun = 10;
/** Older replies count half. Chosen. */
export const rememberedReplies = 1024;

// Rates.
/** So many accepted requests, or this time, make a rate worth believing. Runs. */
export const leastAccepted = 8;
export const leastMs = 500;
/**
 * The newest stretch with so many accepted requests, or this long, is asked whether the limit has just fallen. Chosen.
 */
export const stretchAccepted = 10;
export const stretchMs = 1000;
export const recordFallenShare = 0.8;
/** A rate below this part of the one in use has fallen by much: the next refusal has to show it as well. Runs. */
export const fallenShare = 0.6;
/** Of so many requests to a host that wants a time between two, a few may come too soon on their way. Chosen. */
export const spacedSends = 64;
/** Two segments must differ by this much, and by the time above, to tell slope from noise. Runs. */
export const leastDifference = 5;
/** Counts are whole: the line may be off by one request at either end. Chosen. */
export const countError = 1;
/** The first start (after a pause) and the newest ones are the telling ones. Chosen. */
export const keptStarts = 8;
/** Bounds further apart than this are bisected (by ratio). Chosen. */
export const wideBounds = 1.3;
/** Bounds nearer than this are narrowed further once so many requests went out since the last 429. Runs. */
export const nearBounds = 1.1;
export const nearSends = 50;
/** A bucket of fewer tokens cannot make a rate look granted that is not. Chosen. */
export const fakingBurst = 1.5;
/**
 * A bucket that was full is taken to have held what its rate gives in this time at least, or in this part of the pause
 * that it asks for. Runs: from 0.7 s to 2 s, and from a tenth to a fifth, do.
 */
export const leastBurstMs = 1000;
export const burstPauseShare = 0.1;
/** An estimate from few requests has at most this much room above it. Chosen. */
export const mostRoom = 0.15;
/**
 * Wide bounds are narrowed by a slope of few requests over at least so long, if it is clearly below what was refused.
 * Runs.
 */
export const roughLeastMs = 100;
export const roughMost = 0.7;
/**
 * After a failed probe without Retry-After a little below the last good rate: the bucket is empty and must not run dry
 * at once. No growth leads nearer to an upper bound. Chosen.
 */
export const justBelow = 0.985;
export const afterVerifiedFailure = 0.97;
/** Growth while nothing is known above. Chosen. */
export const openGain = 1.5;
/** A rate holds after this time, so many requests and so many reaction times without a 429. Runs. */
export const verifyLeastMs = 2000;
export const verifyLeastSends = 20;
export const verifyReactions = 4;
/** A burst can fake a rate for so long at most before we accept it. Chosen. */
export const verifyMostMs = 30_000;
export const burstMargin = 1.3;
export const probeLeastMs = 10_000;
/** Pauses between two probes: a pause is what a failed probe costs. Chosen. */
export const pausesBetweenProbes = 40;
/**
 * What a silence that grows by a part each time may have taken off a mean over it, and a count of few off another.
 * Chosen.
 */
export const grantedMostRoom = 2;
export const roughRoom = 1.3;
/** A rate holds once this much of it was really sent without a 429. Chosen. */
export const usedShare = 0.85;
/** Episode of 429s: at least this long after the last one, or so many reaction times. Chosen. */
export const episodeMs = 2000;
export const episodeReactions = 5;
export const holdMs = 500;

/**
 * Refusals are a rate once so many sends hold three of them, or so many more this share of them: of chance with
 * one in a hundred three are as near once in 150 times, of a rate exceeded by a fifth nearly always. Runs.
 */
export const clusterSends = 16;
export const rareSends = 1000;
export const rareShare = 0.03;
/** So many single refusals, each at less than this part of the rate of the one before, are chance. Runs. */
export const tellingStairs = 4;
export const stairShare = 0.95;
/** More in a row are no single refusals. Chosen. */
export const singleMost = 2;
/** So many with successes among them may be refusals as well. Chosen: a cluster of dead links is shorter. */
export const leastMixed = 30;
/** Evidence that denials of a host that has refused so before are refusals: twenty to one. Chosen. */
export const beyondDoubt = Math.log(20);
/** Where denials are refusals there are so many times more of them than of dead links, and this share. Chosen. */
export const timesDead = 4;
export const leastRefusedShare = 0.1;
/** More in a row are no chance. Chosen: with one in seven it makes six in a row once in 100,000. */
export const chanceMost = 5;
/** Part of the denials that were not told from dead links there and count as such. Runs. */
export const deadPart = 0.1;
/** With fewer successes nothing is known of a host's dead links. Chosen. */
export const leastKnown = 5;
/**
 * The share of dead links may be so many deviations more than was seen. Runs: with none 2 hosts of 12 with 98 % dead
 * links are taken for such as refuse, with 2 a host that denies three of four is not known for it.
 */
export const shareDeviations = 1.5;
