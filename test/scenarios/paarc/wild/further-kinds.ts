/** Kinds of hosts that answer late, in turns, by chance or otherwise than they mean, and ones that change. */
import type { HostModel, Step } from '../sim/scenario.ts';
import { type Draw, exact, fair, fullLimit, type Kind, servers } from './draw.ts';

/** Mean bytes of a body. */
const bodyBytes = 110_000;

/** A token bucket, the rate that keeps it from running dry, and words for both. */
function bucket(draw: Draw, most: number, said: Partial<NonNullable<HostModel['tokenBucket']>>) {
  const perS = draw.between(2, most);
  const burst = Math.max(2, Math.round(perS * draw.between(0.3, 4)));
  const tokenBucket = { perS, burst, retryAfter: 'none' as const, ...said };
  return {
    host: { serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100), tokenBucket },
    oracle: [{ atS: 0, perS: 0.995 * perS }],
    text: `${perS.toFixed(1)}/s, burst ${burst}, else ${tokenBucket.status ?? 429}`,
  };
}

export const LATER_KINDS: Readonly<Record<string, Kind>> = {
  /** nginx limit_req with a burst that waits: answers come later and later, and only then refusals. */
  delay: (draw) => {
    const [perS, burst, status] = [draw.between(2, 60), draw.whole(4, 100), draw.oneOf<429 | 503>(503, 503, 429)];
    const host = { serviceMs: draw.between(10, 100), baseMs: draw.between(10, 80) };
    return {
      ...fair,
      words: `${perS.toFixed(1)}/s, ${burst} wait, else ${status}`,
      scenario: {
        durationS: 180,
        host: { ...host, strict: { perS, burst, status, isDelayed: true } },
        oracle: [{ atS: 0, perS: 0.995 * perS }],
      },
    };
  },
  /** More servers for who keeps them busy, fewer for who does not. */
  scaling: (draw) => {
    const [slots, times, everyS] = [draw.whole(2, 10), draw.oneOf(2, 4, 8), draw.whole(15, 60)];
    const [serviceMs, baseMs] = [draw.between(60, 500), draw.between(20, 120)];
    return {
      ...fair,
      words: `${slots} to ${slots * times} servers of ${serviceMs.toFixed(0)} ms, looks every ${everyS} s`,
      scenario: {
        durationS: 120 + 4 * everyS,
        host: { slots, serviceMs, baseMs, scaling: { least: slots, most: slots * times, everyS } },
        oracle: [{ atS: 0, concurrency: fullLimit(slots * times, serviceMs, baseMs) }],
      },
    };
  },
  /** A queue of some length before the servers, then 503. */
  shed: (draw) => {
    const { host, concurrency, text } = servers(draw, 60);
    const queueCap = Math.max(1, Math.round(host.slots * draw.between(0.1, 3)));
    const room = host.slots + queueCap + (concurrency - host.slots) / 2 - Math.sqrt(host.slots);
    return {
      ...fair,
      words: `${text}, ${queueCap} wait, else 503`,
      scenario: {
        durationS: 150,
        host: { ...host, queueCap },
        oracle: [{ atS: 0, concurrency: Math.max(1, Math.min(concurrency, Math.floor(room))) }],
      },
    };
  },
  /** The world stands still for a moment every few seconds: garbage is collected. */
  garbage: (draw) => {
    const { host, concurrency, text } = servers(draw, 40);
    const [everyS, seconds] = [draw.between(4, 15), draw.between(0.2, 1.2)];
    const steps: Step[] = [];
    for (let atS = everyS; atS < 148; atS += everyS) {
      steps.push({ atS, host: { slots: 0 } }, { atS: atS + seconds, host: { slots: host.slots } });
    }
    return {
      ...fair,
      words: `${text}, still for ${seconds.toFixed(1)} s in every ${everyS.toFixed(1)} s`,
      scenario: { durationS: 150, host, steps, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** A connection that is reset means "too fast". */
  reset: (draw) => {
    const { host, oracle, text } = bucket(draw, 100, { status: 'reset' });
    return { ...fair, words: text, scenario: { durationS: 180, host, oracle } };
  },
  /** The way there gets longer, and shorter again. */
  path: (draw) => {
    const [slots, serviceMs, baseMs] = [draw.whole(2, 100), draw.between(20, 200), draw.between(20, 150)];
    const [first, second] = [draw.between(1.5, 4), draw.between(0.25, 1)];
    const ways = [
      { atS: 0, ms: baseMs },
      { atS: 60, ms: first * baseMs },
      { atS: 120, ms: second * baseMs },
    ];
    return {
      ...fair,
      words: `${slots} servers of ${serviceMs.toFixed(0)} ms behind ${ways.map(({ ms }) => ms.toFixed(0)).join(', ')} ms`,
      scenario: {
        durationS: 180,
        host: { slots, serviceMs, baseMs },
        steps: ways.slice(1).map(({ atS, ms }) => ({ atS, host: { baseMs: ms } })),
        oracle: ways.map(({ atS, ms }) => ({ atS, concurrency: fullLimit(slots, serviceMs, ms) })),
      },
    };
  },
  /** Others ask the host too: what is left for us changes all the time. */
  crowd: (draw) => {
    const { host, text } = servers(draw, 100);
    const levels = [{ atS: 0, slots: host.slots }];
    for (let atS = draw.between(10, 40); atS < 230; atS += draw.between(10, 40))
      levels.push({ atS, slots: Math.max(1, Math.round(host.slots * draw.between(0.3, 1))) });
    return {
      ...fair,
      words: `${text}, others take up to two thirds`,
      scenario: {
        durationS: 240,
        host,
        steps: levels.slice(1).map(({ atS, slots }) => ({ atS, host: { slots } })),
        oracle: levels.map(({ atS, slots }) => ({ atS, concurrency: fullLimit(slots, host.serviceMs, host.baseMs) })),
      },
    };
  },
  /** Some answers in a hundred are 429, whatever the load: a backend or a proxy of several that others keep busy. */
  chance: (draw) => {
    const { host, concurrency, text } = servers(draw, 60);
    const errorShare = draw.between(0.005, 0.15);
    return {
      ...fair,
      words: `${text}, ${(100 * errorShare).toFixed(1)} % 429`,
      scenario: { durationS: 180, host: { ...host, errorShare, errorStatus: 429 }, oracle: [{ atS: 0, concurrency }] },
    };
  },
  /** Asks for a pause that is too short, or for none. */
  hasty: (draw) => {
    const said = { status: draw.oneOf(429, 429, 503), retryAfter: draw.oneOf(0, 1) };
    const { host, oracle, text } = bucket(draw, 100, said);
    return {
      ...fair,
      words: `${text}, Retry-After ${said.retryAfter}`,
      scenario: { durationS: 180, host, oracle },
    };
  },
  /** Rows of another kind: larger files from slower servers, and the small ones again. */
  sizes: (draw) => {
    const [slots, serviceMs, baseMs] = [draw.whole(8, 60), draw.between(20, 80), draw.between(20, 80)];
    const [bytesPerS, flowBytesPerS] = [draw.between(50e6, 1000e6), draw.between(5e6, 20e6)];
    const [bodyTimes, slower] = [draw.between(5, 50), draw.between(1, 4)];
    const needed = (times: number, ms: number): number => {
      const perS = Math.min(bytesPerS / (times * bodyBytes), (1000 * slots) / (1.08 * ms));
      const flowMs = (times * bodyBytes * 1000) / flowBytesPerS;
      return Math.ceil(1.5 * perS * ((1.08 * ms + baseMs + flowMs) / 1000) + 0.8 * Math.sqrt(slots));
    };
    const [small, large] = [needed(1, serviceMs), needed(bodyTimes, slower * serviceMs)];
    return {
      ...fair,
      words: `${slots} servers, files ${bodyTimes.toFixed(0)} times as large and ${slower.toFixed(1)} as slow from 60 to 150 s`,
      scenario: {
        durationS: 240,
        host: { slots, serviceMs, baseMs, bytesPerS, flowBytesPerS },
        steps: [
          { atS: 60, host: { bodyTimes, serviceMs: slower * serviceMs } },
          { atS: 150, host: { bodyTimes: 1, serviceMs } },
        ],
        oracle: [
          { atS: 0, concurrency: small },
          { atS: 60, concurrency: large },
          { atS: 150, concurrency: small },
        ],
      },
    };
  },
  /** One server that takes one after the other, and lets the others wait. */
  lone: (draw) => {
    const [serviceMs, baseMs] = [draw.between(20, 1500), draw.between(5, 150)];
    return {
      ...fair,
      words: `one server of ${serviceMs.toFixed(0)} ms behind ${baseMs.toFixed(0)} ms`,
      scenario: {
        durationS: 400,
        host: { slots: 1, serviceMs, baseMs },
        oracle: [{ atS: 0, concurrency: fullLimit(1, serviceMs, baseMs) }],
      },
    };
  },
};

/** Those of which PAARC reads too many badly to ask for them in every run; `freshHosts` draws them too. */
export const FURTHER_KINDS: Readonly<Record<string, Kind>> = {
  /** nginx limit_conn and limit_req together, with the same status. */
  both: (draw) => {
    const [connections, serviceMs, baseMs] = [draw.whole(3, 40), draw.between(60, 600), draw.between(5, 60)];
    const perS = ((1000 * connections) / (1.08 * serviceMs + baseMs + 10)) * draw.oneOf(0.6, 0.8, 1.5);
    const [burst, status] = [
      Math.max(3, Math.round(perS * draw.between(0.3, 3))),
      draw.oneOf<429 | 503>(503, 503, 429),
    ];
    const connectionCap = { connections, answer: `${status}` as const };
    return {
      ...fair,
      words: `${connections} connections of ${serviceMs.toFixed(0)} ms and ${perS.toFixed(1)}/s, burst ${burst}, or ${status}`,
      scenario: {
        durationS: 180,
        host: { serviceMs, baseMs, connectionCap, strict: { perS, burst, status } },
        oracle: [{ atS: 0, concurrency: connections, perS: 0.99 * perS }],
      },
    };
  },
  /** Who is too fast waits for some seconds to hear it. */
  tarpit: (draw) => {
    const { host, oracle, text } = bucket(draw, 60, { status: draw.oneOf(429, 503) });
    const refusalMs = draw.between(3000, 10_000);
    return {
      ...fair,
      fromS: 60,
      words: `${text} after ${refusalMs.toFixed(0)} ms`,
      scenario: { durationS: 240, host: { ...host, refusalMs }, oracle },
    };
  },
  /** A balancer that takes turns, before backends with a cap each. */
  turns: (draw) => {
    const [backends, connections] = [draw.whole(2, 6), draw.whole(3, 25)];
    const [serviceMs, baseMs] = [draw.between(60, 400), draw.between(5, 60)];
    const answer = draw.oneOf<'503' | '429' | 'reset'>('503', '503', '429', 'reset');
    const all = backends * connections;
    return {
      ...fair,
      words: `${backends} backends of ${connections} connections of ${serviceMs.toFixed(0)} ms or ${answer}`,
      scenario: {
        durationS: 150,
        host: { serviceMs, baseMs, connectionCap: { connections, answer, backends } },
        oracle: [{ atS: 0, concurrency: Math.max(backends, Math.floor(all - 0.34 * backends * Math.sqrt(all))) }],
      },
    };
  },
  /** So many requests in any length of time, and what is refused counts as well. */
  poked: (draw) => {
    const lengthS = draw.whole(2, 120);
    const requests = Math.max(5, Math.round(draw.between(0.5, 30) * lengthS));
    const isBare = draw.oneOf(true, false);
    const host = { serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    return {
      least: 0.75,
      fromS: 30 + 2 * lengthS,
      refusedMostPct: 8,
      words: `${requests} in any ${lengthS} s, refused ones count, ${isBare ? 'without' : 'with'} Retry-After`,
      scenario: {
        durationS: 180 + 6 * lengthS,
        host: { ...host, window: { requests, lengthS, isSliding: true, isPoked: true, isBare } },
        oracle: [{ atS: 0, perS: (0.995 * requests) / lengthS }],
      },
    };
  },
  /** A link that is fast until some bytes have been sent. */
  shaper: (draw) => {
    const [bytesPerS, serviceMs, baseMs] = [draw.between(10e6, 200e6), draw.between(20, 100), draw.between(20, 80)];
    const [seconds, factor] = [draw.between(5, 60), draw.between(2, 15)];
    const burstBytes = { bytes: seconds * bytesPerS, thenPerS: bytesPerS / factor };
    const concurrency = Math.ceil(4 + ((1.6 * bytesPerS) / bodyBytes) * ((1.1 * serviceMs + baseMs + 20) / 1000));
    return {
      ...fair,
      words: `${(bytesPerS / 1e6).toFixed(0)} MB/s for ${seconds.toFixed(0)} s, then 1/${factor.toFixed(1)} of it`,
      scenario: {
        durationS: 150,
        host: { serviceMs, baseMs, bytesPerS, burstBytes },
        oracle: [{ atS: 0, concurrency }],
      },
    };
  },
  /** A 403 that means "too fast", and no ban. */
  forbid: (draw) => {
    const retryAfter = draw.oneOf<'none' | 'time-to-token' | number>(
      'none',
      'none',
      'time-to-token',
      draw.whole(5, 60),
    );
    const { host, oracle, text } = bucket(draw, 60, { status: 403, retryAfter });
    return {
      ...fair,
      fromS: 150,
      words: `${text}, Retry-After ${retryAfter}`,
      scenario: { durationS: 450, host: { ...host, ...exact }, oracle },
    };
  },
  /** Answers that take many seconds each, as reports do that are made on demand. */
  long: (draw) => {
    const [slots, serviceMs, serviceSigma] = [draw.whole(2, 60), draw.between(3000, 12_000), 0.25];
    const host = { serviceMs, serviceSigma, baseMs: draw.between(20, 100) };
    const answer = draw.oneOf<'queue' | '503' | '429'>('queue', '503', '429');
    const limits = answer === 'queue' ? { slots } : { connectionCap: { connections: slots, answer } };
    return {
      ...fair,
      fromS: 300,
      words: `${slots} at once of ${(serviceMs / 1000).toFixed(1)} s, else ${answer}`,
      scenario: { durationS: 1500, host: { ...host, ...limits }, oracle: [{ atS: 0, concurrency: slots }] },
    };
  },
};
