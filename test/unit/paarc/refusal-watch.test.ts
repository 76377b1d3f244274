import { expect, it } from 'vitest';
import { RefusalWatch } from '../../../src/paarc/index.ts';

/** How many denials in a row it takes until they are a refusal. */
function denialsUntilShut(watch: RefusalWatch): number {
  let count = 1;
  while (!watch.denied()) count++;
  return count;
}

function grantAll(watch: RefusalWatch, count: number): void {
  for (let reply = 0; reply < count; reply++) watch.granted();
}

it('a host that bans again is understood as soon as it was the first time', () => {
  const watch = new RefusalWatch();
  grantAll(watch, 400);
  const first = denialsUntilShut(watch);
  for (let reply = 0; reply < 600; reply++) watch.denied();
  grantAll(watch, 400);
  expect(denialsUntilShut(watch)).toBeLessThanOrEqual(first);
});

it('a host with many dead links is given more of them in a row', () => {
  const watch = new RefusalWatch();
  for (let round = 0; round < 100; round++) {
    grantAll(watch, 2);
    watch.denied();
  }
  expect(denialsUntilShut(watch)).toBeGreaterThan(20);
});
