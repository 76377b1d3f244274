import { expect, it, onTestFinished } from 'vitest';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { OneNetwork } from '../../../src/threads/one-network.ts';

it('says once that the network is gone and once that it is back, however many threads notice', () => {
  const said: boolean[] = [];
  onTestFinished(subscribe('flow-dc:network', ({ isHeld }) => said.push(isHeld)));
  const network = new OneNetwork();
  network.note(0, false);
  for (const thread of [0, 2, 1, 2]) network.note(thread, true);
  expect(said).toEqual([true]);
  for (const thread of [1, 0]) network.note(thread, false);
  expect(said).toEqual([true]);
  network.note(2, false);
  expect(said).toEqual([true, false]);
  network.note(1, true);
  expect(said).toEqual([true, false, true]);
});
