import { expect, it } from 'vitest';
import { LedHost } from '../../../src/host-budget/led-host.ts';
import { cappedAt } from '../../../src/paarc/index.ts';
import { defaultPaarcSettings } from '../../../src/paarc/settings.ts';

it('a leader keeps the budget of all workers to what somebody says of the host, until that is taken back', () => {
  const led = new LedHost({
    ...{ epoch: 1, revision: 1, isNew: true, settings: defaultPaarcSettings, leastSpacingMs: 20, unleased: 2 },
    ...{ random: () => 0.5, startMs: 0, warm: undefined, notBeforeMs: 0 },
  });
  const { permits } = led.budget;
  expect(permits).toBeGreaterThan(3);
  led.setRule(cappedAt(defaultPaarcSettings, 3), 500, 0);
  expect(led.budget).toMatchObject({ permits: 3, spacingMs: 500 });
  led.setRule(defaultPaarcSettings, 20, 0);
  expect(led.budget).toMatchObject({ permits, spacingMs: 20 });
});

it('a leader that began under a lower limit goes above it when somebody says so', () => {
  const settings = cappedAt(defaultPaarcSettings, 2);
  const led = new LedHost({
    ...{ epoch: 1, revision: 1, isNew: true, settings, leastSpacingMs: 0, unleased: 2 },
    ...{ random: () => 0.5, startMs: 0, warm: undefined, notBeforeMs: 9000 },
  });
  expect(led.budget.permits).toBe(2);
  led.setRule(cappedAt(defaultPaarcSettings, 6), 0, 100);
  expect(led.budget).toMatchObject({ permits: 6, pauseUntilMs: 9000 });
});
