/** Kinds of hosts that allow only so much, each in its own way and with its own words. */
import { exact, fair, type Kind } from './draw.ts';

export const REFUSING_KINDS: Readonly<Record<string, Kind>> = {
  /** A token bucket that asks for a long pause. */
  pause: (draw) => {
    const perS = draw.between(2, 40);
    const burst = Math.max(2, Math.round(perS * draw.between(0.3, 4)));
    const retryAfter = draw.whole(13, 60);
    const host = { serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    return {
      ...fair,
      fromS: 150,
      words: `${perS.toFixed(1)}/s, burst ${burst}, Retry-After ${retryAfter}`,
      scenario: {
        durationS: 750,
        host: { ...host, tokenBucket: { perS, burst, retryAfter } },
        oracle: [{ atS: 0, perS: 0.995 * perS }],
      },
    };
  },
  /** So many requests per window, then 429 without a word of when. */
  window: (draw) => {
    const lengthS = draw.whole(10, 3600);
    const perS = draw.between(0.3, Math.min(40, 12_000 / lengthS));
    const requests = Math.max(5, Math.round(perS * lengthS));
    const isSliding = draw.oneOf(true, false);
    const host = { serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    const durationS = Math.max(150, Math.ceil(3.2 * lengthS));
    return {
      ...fair,
      least: 0.75,
      fromS: 0,
      refusedMostPct: 8,
      refusedFromS: Math.min(durationS - 60, 2 * lengthS),
      words: `${requests} in ${isSliding ? 'any' : 'each'} ${lengthS} s, 429 without Retry-After`,
      scenario: {
        durationS,
        host: { ...host, window: { requests, lengthS, isSliding, isBare: true } },
        oracle: [{ atS: 0, perS: (0.995 * requests) / lengthS }],
      },
    };
  },
  /** Above a rate everything is refused for a while, with a status that says something else. */
  ban: (draw) => {
    const [perS, lengthS] = [draw.between(2, 50), draw.whole(30, 200)];
    const status = draw.oneOf<403 | 404 | 410 | 'page'>(403, 403, 404, 410, 'page');
    const [retryAfter, isExtended] = [draw.oneOf(true, false, false), draw.oneOf(true, false, false)];
    const ban = {
      perS,
      burst: draw.whole(20, 200),
      lengthS,
      status,
      retryAfter,
      isExtended: isExtended && lengthS < 60,
    };
    const host = { ...exact, serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    return {
      // A ban costs its length, and the rate above it is found again by small steps.
      least: 0.05,
      fromS: 0,
      refusedMostPct: 100,
      wastedMost: 50,
      words: `${perS.toFixed(1)}/s or ${status} for ${lengthS} s${retryAfter ? ' with Retry-After' : ''}`,
      scenario: { durationS: 1200, host: { ...host, ban }, oracle: [{ atS: 0, perS: 0.9 * perS }] },
    };
  },
  /** So many requests an hour, then 403. */
  quota: (draw) => {
    const [requests, lengthS] = [draw.whole(300, 3000), draw.oneOf(900, 1800, 3600)];
    const host = { ...exact, serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    const window = { requests, lengthS, isBare: draw.oneOf(true, true, false), status: 403 as const };
    return {
      least: 0.8,
      fromS: 0,
      refusedMostPct: 100,
      wastedMost: 50,
      words: `${requests} in ${lengthS} s, then 403${window.isBare ? '' : ' with Retry-After'}`,
      scenario: {
        durationS: 2.2 * lengthS,
        host: { ...host, window },
        oracle: [{ atS: 0, perS: (0.995 * requests) / lengthS }],
      },
    };
  },
  /** Too many connections are answered with a 429, sometimes beside a rate. */
  busy: (draw) => {
    const connections = draw.whole(2, 100);
    const [serviceMs, baseMs] = [draw.between(60, 600), draw.between(5, 100)];
    const host = { serviceMs, baseMs, connectionCap: { connections, answer: '429' as const } };
    const capPerS = (1000 * connections) / (1.08 * serviceMs + baseMs + 10);
    const perS = capPerS * draw.oneOf(0.7, 1.4);
    const tokenBucket = { perS, burst: Math.ceil(2 * perS), retryAfter: 'none' as const };
    const isRated = draw.oneOf(true, false, false);
    const isRateLess = isRated && perS < capPerS;
    return {
      ...fair,
      words: `${connections} connections of ${serviceMs.toFixed(0)} ms or 429${isRated ? `, ${perS.toFixed(1)}/s` : ''}`,
      scenario: {
        durationS: 150,
        host: isRated ? { ...host, tokenBucket } : host,
        oracle: [
          isRateLess ? { atS: 0, perS: 0.95 * perS, concurrency: connections } : { atS: 0, concurrency: connections },
        ],
      },
    };
  },
  /** One connection at a time. */
  single: (draw) => {
    const connectionCap = { connections: 1, answer: draw.oneOf<'503' | '429' | 'reset'>('503', '429', 'reset') };
    const host = { serviceMs: draw.between(30, 300), baseMs: draw.between(20, 100), connectionCap };
    return {
      ...fair,
      words: `one connection or ${connectionCap.answer}`,
      scenario: { durationS: 150, host, oracle: [{ atS: 0, concurrency: 1 }] },
    };
  },
  /** nginx limit_req without burst: requests that come a moment too soon are refused. */
  strict: (draw) => {
    const [perS, burst, status] = [draw.between(1, 100), draw.oneOf(0, 0, 1, 3), draw.oneOf<429 | 503>(503, 503, 429)];
    const baseMs = draw.between(0.5, Math.min(60, 600 / perS));
    const spacingMs = 1000 / perS;
    // Two sigmas of the difference of two half paths must fit into what is left of the spacing.
    const oracleMs = burst > 0 ? 1.01 * spacingMs : spacingMs + 0.25 * Math.SQRT2 * baseMs;
    return {
      ...fair,
      refusedMostPct: 2.5,
      words: `${perS.toFixed(1)}/s with a burst of ${burst}, else ${status}`,
      scenario: {
        durationS: 240,
        host: { serviceMs: draw.between(10, 60), baseMs, strict: { perS, burst, status } },
        oracle: [{ atS: 0, perS: 1000 / oracleMs }],
      },
    };
  },
  /** A 503 that means "too fast". */
  rate503: (draw) => {
    const perS = draw.between(2, 100);
    const burst = Math.max(2, Math.round(perS * draw.between(0.2, 3)));
    const host = { serviceMs: draw.between(30, 150), baseMs: draw.between(20, 100) };
    return {
      ...fair,
      words: `${perS.toFixed(1)}/s, burst ${burst}, else 503`,
      scenario: {
        durationS: 180,
        host: { ...host, tokenBucket: { perS, burst, retryAfter: 'none', status: 503 } },
        oracle: [{ atS: 0, perS: 0.995 * perS }],
      },
    };
  },
  /** Less than a few requests a second. */
  slow: (draw) => {
    const perS = draw.between(0.2, 3);
    const burst = draw.whole(1, 10);
    const retryAfter = draw.oneOf<'none' | 'time-to-token' | number>('none', 'time-to-token', draw.whole(1, 10));
    const host = { serviceMs: draw.between(30, 300), baseMs: draw.between(20, 100) };
    return {
      ...fair,
      fromS: 60,
      refusedMostPct: 2.5,
      words: `${perS.toFixed(2)}/s, burst ${burst}, Retry-After ${retryAfter}`,
      scenario: {
        durationS: 600,
        host: { ...host, tokenBucket: { perS, burst, retryAfter } },
        oracle: [{ atS: 0, perS: 0.995 * perS }],
      },
    };
  },
};
