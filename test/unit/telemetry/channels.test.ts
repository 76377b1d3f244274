import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { publish, subscribe } from '../../../src/telemetry/channels.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a channel', () => {
  it('reaches those who begin to listen in the middle of a run, whatever was collected meanwhile', async () => {
    publish('flow-dc:network', () => ({ isHeld: true }));
    await nextTurn();
    collectGarbage();
    const heard: boolean[] = [];
    const unsubscribe = subscribe('flow-dc:network', ({ isHeld }) => heard.push(isHeld));
    await nextTurn();
    await nextTurn();
    publish('flow-dc:network', () => ({ isHeld: false }));
    unsubscribe();
    publish('flow-dc:network', () => ({ isHeld: true }));
    expect(heard).toEqual([false]);
  });

  it('costs nothing while nobody listens', () => {
    publish('flow-dc:network', () => {
      throw new Error('a payload was built');
    });
  });
});
