/** Kinds of hosts that refuse nobody, and err, hide their queue or fall silent. */
import type { Step } from '../sim/scenario.ts';
import { exact, fair, fullLimit, type Kind, servers } from './draw.ts';

export const SERVING_KINDS: Readonly<Record<string, Kind>> = {
  /** One backend of several is ill: some of the answers are errors, whatever the load. */
  ill: (draw) => {
    const { host, concurrency, text } = servers(draw, 40);
    const [errorShare, errorStatus] = [draw.between(0.04, 0.13), draw.oneOf(502, 503)];
    return {
      ...fair,
      words: `${text}, ${(100 * errorShare).toFixed(0)} % ${errorStatus}`,
      scenario: { durationS: 150, host: { ...host, errorShare, errorStatus }, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** Some answers in a hundred are errors, as most hosts have them. */
  few: (draw) => {
    const { host, concurrency, text } = servers(draw, 120);
    const [errorShare, errorStatus] = [draw.between(0.003, 0.03), draw.oneOf(500, 502, 503)];
    return {
      ...fair,
      words: `${text}, ${(100 * errorShare).toFixed(1)} % ${errorStatus}`,
      scenario: { durationS: 120, host: { ...host, errorShare, errorStatus }, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** Half of the answers are 503 for a while. */
  half: (draw) => {
    const { host, concurrency, text } = servers(draw, 40);
    const [seconds, errorShare] = [draw.whole(2, 25), draw.between(0.4, 0.65)];
    const endS = 50 + seconds;
    const steps = [
      { atS: 50, host: { errorShare, errorStatus: 503 } },
      { atS: endS, host: { errorShare: 0.001, errorStatus: 500 } },
    ];
    return {
      ...fair,
      refusedMostPct: 100,
      recoversWithinS: 10,
      words: `${text}, ${(100 * errorShare).toFixed(0)} % 503 for ${seconds} s`,
      scenario: { durationS: 150, host, steps, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** Nothing but errors for a while. */
  outage: (draw) => {
    const { host, concurrency, text } = servers(draw, 120);
    const [seconds, errorStatus] = [draw.whole(5, 120), draw.oneOf(502, 503)];
    const steps = [
      { atS: 50, host: { errorShare: 1, errorStatus } },
      { atS: 50 + seconds, host: { errorShare: 0.001, errorStatus: 500 } },
    ];
    return {
      ...fair,
      refusedMostPct: 100,
      recoversWithinS: 10,
      wastedMost: 60,
      words: `${text}, nothing but ${errorStatus} for ${seconds} s`,
      scenario: { durationS: 240, host, steps, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** Most answers come from a cache within milliseconds, the rest through few slow servers. */
  cdn: (draw) => {
    const [hitShare, hitMs, slots] = [draw.between(0.4, 0.9), draw.between(3, 15), draw.whole(3, 12)];
    const [serviceMs, baseMs] = [draw.between(150, 900), draw.between(2, 40)];
    const missesPerS = (1000 * slots) / (serviceMs * Math.exp(0.08));
    const allPerS = missesPerS / (1 - hitShare);
    const hits = (allPerS * hitShare * (hitMs + baseMs + 5)) / 1000;
    const concurrency = Math.ceil(fullLimit(slots, serviceMs, baseMs) + hits + 0.8 * Math.sqrt(slots));
    return {
      ...fair,
      words: `${(100 * hitShare).toFixed(0)} % hits in ${hitMs.toFixed(0)} ms, ${slots} servers of ${serviceMs.toFixed(0)} ms`,
      scenario: {
        durationS: 150,
        host: { slots, serviceMs, baseMs, cache: { hitShare, hitMs } },
        oracle: [{ atS: 0, concurrency }],
      },
    };
  },
  /** A host that says nothing for some seconds now and then. */
  silent: (draw) => {
    const { host, concurrency, text } = servers(draw, 30);
    const steps: Step[] = [];
    for (let atS = draw.whole(25, 40); atS < 165; atS += draw.whole(20, 45)) {
      const seconds = draw.between(1, 6);
      steps.push({ atS, host: { slots: 0 } }, { atS: atS + seconds, host: { slots: host.slots } });
    }
    return {
      ...fair,
      words: `${text}, silent ${steps.length / 2} times`,
      scenario: { durationS: 180, host, steps, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** A host without a limit, and a program that is busy with its own start. */
  start: (draw) => {
    const baseMs = draw.between(20, 100);
    const cpuPerS = draw.between(1000, 1800);
    return {
      ...fair,
      least: 0.9,
      fromS: 3,
      words: `no limit, ${baseMs.toFixed(0)} ms, we carry ${cpuPerS.toFixed(0)}/s`,
      scenario: {
        durationS: 10,
        host: { ...exact, slots: 1e6, serviceMs: 5, baseMs, bytesPerS: 1e12, flowBytesPerS: 1e9 },
        oracle: [{ atS: 0, concurrency: 256 }],
        busyStartMs: draw.between(200, 2500),
        cpuPerS,
      },
    };
  },
};
