import { expect, it } from 'vitest';
import { LedHost } from '../../../src/host-budget/led-host.ts';
import { defaultPaarcSettings } from '../../../src/paarc/settings.ts';

it('a leader keeps the budget of all workers to what somebody says of the host, until that is taken back', () => {
  const led = new LedHost({
    ...{ epoch: 1, revision: 1, isNew: true, settings: defaultPaarcSettings, leastSpacingMs: 20, unleased: 2 },
    ...{ random: () => 0.5, startMs: 0, warm: undefined, notBeforeMs: 0 },
  });
  const { permits } = led.budget;
  expect(permits).toBeGreaterThan(3);
  led.setRule(3, 500);
  expect(led.budget).toMatchObject({ permits: 3, spacingMs: 500 });
  led.setRule(Number.POSITIVE_INFINITY, 20);
  expect(led.budget).toMatchObject({ permits, spacingMs: 20 });
});
