import { expect, it } from 'vitest';
import { type Situation, whatHolds } from '../../../src/serve/watch/what-holds.ts';

const QUIET: Situation = {
  ...{ isPaused: false, isDraining: false, isOffline: false, heldShare: 0, bodyShare: 0, eventLoop: 0.1, cpu: 0.2 },
  ...{ cores: 4, inFlight: 10, maxInFlight: 100, queued: 0, hosts: [] },
};
const host = (name: string, waiting: number) => ({ host: name, waiting, inFlight: 1, limit: 1, isPaused: false });

it.each([
  ['pause', { isPaused: true }],
  ['pause', { isDraining: true }],
  ['network', { isOffline: true }],
  ['memory', { shortage: 'no more open files' }],
  ['disk', { heldShare: 0.8 }],
  ['disk', { isShortOfDisk: true, queued: 100, hosts: [host('slow.test', 90)] }],
  ['memory', { bodyShare: 0.95 }],
  ['cpu', { eventLoop: 0.99 }],
  ['cpu', { cpu: 3.9 }],
  ['limit', { inFlight: 99 }],
  ['host', { queued: 100, hosts: [host('slow.test', 90), host('other.test', 10)] }],
  ['host', { queued: 7, hosts: [host('slow.test', 90), host('other.test', 10)] }],
  ['nothing', {}],
  ['source', { inFlight: 0 }],
  ['source', { workers: 0, shardsLeft: 4 }],
  ['nothing', { workers: 0, shardsLeft: 0 }],
] as const)('what holds a run is told apart: %s', (by, more) => {
  const found = whatHolds({ ...QUIET, ...more });
  expect(found.by).toBe(by);
  expect(found.words).toMatch(/^[A-Z].*\.$/);
  if (by === 'host') expect(found).toMatchObject({ host: 'slow.test', words: expect.stringContaining('90 of 100') });
});
