import { expect, it } from 'vitest';
import { DoorWatch } from '../../../../../src/stages/fetch/schedule/door-watch.ts';
import { MAX_DEFERRALS } from '../../../../../src/stages/fetch/schedule/retry-policy.ts';
import { SeededRandom } from '../../../../scenarios/paarc/sim/random.ts';

function heard(codes: readonly (`http_${number}` | 'not_media' | undefined)[]): { watch: DoorWatch; refusals: number } {
  const watch = new DoorWatch({});
  return { watch, refusals: codes.filter((code) => watch.heard(code, 0)).length };
}

const granted = Array.from({ length: 100 }, () => undefined);
const denied = (count: number, code: `http_${number}` | 'not_media' = 'http_403') =>
  Array.from({ length: count }, () => code);

it.each(['http_403', 'http_404', 'http_410', 'not_media'] as const)(
  '%s: after successes a run of them is a refusal, singles are data',
  (code) => {
    expect(heard([...granted, ...denied(5, code), ...granted]).refusals).toBe(0);
    const { watch, refusals } = heard([...granted, ...denied(30, code)]);
    expect(refusals).toBeGreaterThan(15);
    expect(watch.isRefusal(code, 0)).toBe(true);
  },
);

it('a host that never gave anything is heard out: its files are gone', () => {
  expect(heard(denied(1000, 'http_404')).refusals).toBe(0);
});

it('a host of which nine links in ten are dead is not taken for one that refuses', () => {
  const links = Array.from({ length: 2000 }, (_, at) => (at % 10 === 0 ? undefined : ('http_404' as const)));
  expect(heard(links).refusals).toBe(0);
});

/** Asks for files until each is there or dead, those that are put off once more after others. @returns how often it asked */
function asksFor(isThere: readonly boolean[]): number {
  const watch = new DoorWatch({});
  const rows = isThere.map((there) => ({ there, deferrals: 0 }));
  let asks = 0;
  for (let row = rows[0]; row !== undefined; row = rows[asks]) {
    asks += 1;
    const code = row.there ? undefined : ('http_404' as const);
    watch.heard(code, 0);
    if (code === undefined || !watch.isRefusal(code, row.deferrals) || row.deferrals === MAX_DEFERRALS) continue;
    row.deferrals += 1;
    rows.splice(asks + 100, 0, row);
  }
  return asks;
}

/** How many of 40 hosts are asked for a tenth of their files again. */
function misread(isThere: (at: number, random: () => number) => boolean): number {
  let hosts = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { uniform } = new SeededRandom(seed);
    if (asksFor(Array.from({ length: 2000 }, (_, at) => isThere(at, uniform))) > 2200) hosts++;
  }
  return hosts;
}

it.each([
  ['half of them', 0.5],
  ['seven in ten', 0.7],
  ['nine in ten', 0.9],
  ['49 in 50', 0.98],
])('a host is asked once for its dead links where they are %s', (_, dead) => {
  expect(misread((_at, random) => random() > dead)).toBeLessThanOrEqual(1);
});

it('dead links in folders of ten may be half of all', () => {
  expect(misread((at, random) => random() < (at % 20 < 10 ? 0.95 : 0.05))).toBeLessThanOrEqual(1);
});

it('what the replies to other machines show counts as if they had come here', () => {
  const limit = { refusesAll: true };
  const watch = new DoorWatch(limit);
  expect(watch.heard('http_403', 0)).toBe(true);
  expect(watch.isRefusal('http_403', 0)).toBe(true);
  limit.refusesAll = false;
  expect(watch.heard('http_403', 0)).toBe(false);
});

it('a host that denies whatever is too fast refuses, though it grants some in between, and is known for it from then on', () => {
  // Three of four denied after a clean start, then one in ten.
  const tooFast = Array.from({ length: 200 }, (_, at) => (at % 4 === 0 ? undefined : ('http_403' as const)));
  const { watch, refusals } = heard([...granted, ...tooFast, ...granted, ...granted, ...granted]);
  expect(refusals).toBeGreaterThan(100);
  const little = Array.from({ length: 100 }, (_, at) => (at % 10 === 0 ? ('http_403' as const) : undefined));
  expect(little.filter((code) => watch.heard(code, 0)).length).toBeGreaterThan(5);
});

it('a row that such a host has put off three times has a dead link', () => {
  const { watch } = heard([...granted, ...denied(40), ...granted, ...denied(3)]);
  expect([0, 1, 2, 3].map((deferrals) => watch.isRefusal('http_403', deferrals))).toEqual([true, true, true, false]);
});

it('one answer opens the door again', () => {
  const { watch } = heard([...granted, ...denied(30)]);
  watch.heard(undefined, 0);
  expect(watch.isShut).toBe(false);
  expect(watch.isRefusal('http_403', 0)).toBe(false);
});

it('a host that refuses every probe for five minutes is given up, but for one row a minute', () => {
  const { watch } = heard([...granted, ...denied(30)]);
  for (const atMs of [1000, 3000, 60_000, 200_000]) watch.heard('http_403', atMs);
  expect(watch.admits(200_001)).toBe(true);
  watch.heard('http_403', 320_000);
  expect(watch.admits(320_001)).toBe(false);
  expect(watch.admits(380_000)).toBe(true);
  expect(watch.admits(380_001)).toBe(false);
  watch.heard(undefined, 380_100);
  expect(watch.admits(380_101)).toBe(true);
});
