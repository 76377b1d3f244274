import { describe, expect, it } from 'vitest';
import { seeds, withSeed } from '../../../support/seeds.ts';
import { paarc } from '../laws/index.ts';
import { measureWild, missesOf } from './judge-wild.ts';
import { KINDS, wildHosts } from './kinds.ts';

/** Hosts of a kind in a run: most of them cost a tenth of a second. */
const HOSTS = 4;
/** Of so many hosts of a kind at most one may miss a band three times, with different chance. */
const MAY_MISS = 1;
const words: Readonly<Record<string, string>> = {
  ill: 'a backend of several is ill',
  few: 'some answers in a hundred are errors',
  half: 'half of the answers are errors for a while',
  outage: 'nothing but errors for a while',
  pause: 'asks for long pauses',
  window: 'so many requests per window, without a word of when',
  ban: 'bans who is too fast, whatever it says instead',
  quota: 'so many requests an hour, then 403',
  cdn: 'a cache before few slow servers',
  busy: 'too many connections are 429',
  single: 'one connection at a time',
  strict: 'a rate without a burst',
  rate503: '503 means too fast',
  slow: 'less than a few requests a second',
  silent: 'says nothing for some seconds now and then',
  start: 'no limit, and our own start is busy',
  delay: 'what is too fast waits, and only then is refused',
  scaling: 'more servers for who keeps them busy',
  shed: 'a short queue before the servers, then 503',
  garbage: 'stands still for a moment every few seconds',
  reset: 'a reset means too fast',
  path: 'the way there gets longer, and shorter again',
  crowd: 'others ask it too',
  chance: 'some 429s in a hundred, whatever the load',
  lone: 'one server, and the others wait',
  sizes: 'larger files for a while',
  hasty: 'a pause too short for the rate it means',
};

describe.each(seeds(2, 10))('PAARC on kinds of hosts that the open web has (seed %i)', (seed) => {
  it.for(Object.keys(KINDS))('%s', { timeout: 60_000 }, (kind, context) =>
    withSeed(context, seed, () => {
      const missed: string[] = [];
      for (const host of wildHosts(kind, seed, HOSTS)) {
        const tries = [0, 1, 2].map((offset) => () => missesOf(host, measureWild(host, seed + offset, paarc)));
        const misses: string[][] = [];
        for (const attempt of tries) {
          misses.push(attempt());
          if (misses.at(-1)?.length === 0) break;
        }
        if (misses.at(-1)?.length !== 0) missed.push(`${host.scenario.words}: ${JSON.stringify(misses)}`);
      }
      if (missed.length > 0)
        process.stdout.write(`  ${kind} (${words[kind]}), seed ${seed}: ${missed.join('\n    ')}\n`);
      expect(missed.length, missed.join('; ')).toBeLessThanOrEqual(MAY_MISS);
    }),
  );
});
