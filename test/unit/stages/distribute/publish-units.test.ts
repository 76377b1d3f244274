import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { publishUnits } from '../../../../src/stages/distribute/distribute.ts';
import { makeUnits } from '../../../support/units.ts';
import { HandChannel } from './stub-channel.ts';

it('publishes every unit in order and seals with their number', async () => {
  const channel = new HandChannel();
  const units = makeUnits(5);
  await pipeline(Readable.from(units), publishUnits(channel.asChannel));
  expect(channel.published).toEqual(units);
  expect(channel.sealed).toBe(5);
});

it('seals an empty manifest with 0', async () => {
  const channel = new HandChannel();
  await pipeline(Readable.from([]), publishUnits(channel.asChannel));
  expect(channel.sealed).toBe(0);
});

it('does not seal what broke in the middle', async () => {
  const channel = new HandChannel();
  const broken = async function* () {
    yield* makeUnits(2);
    throw new Error('manifest broke');
  };
  await expect(pipeline(Readable.from(broken()), publishUnits(channel.asChannel))).rejects.toThrow('manifest broke');
  expect(channel.sealed).toBeUndefined();
});

it('a full queue holds back the stages in front', async () => {
  const channel = new HandChannel();
  channel.room = new Promise(() => {});
  let made = 0;
  const source = Readable.from(
    (function* () {
      for (const unit of makeUnits(100)) {
        made += 1;
        yield unit;
      }
    })(),
    { highWaterMark: 1 },
  );
  const abort = new AbortController();
  const running = pipeline(source, publishUnits(channel.asChannel), { signal: abort.signal }).catch(() => {});
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect(made).toBeLessThanOrEqual(5);
  abort.abort();
  await running;
});

it('an error of the channel ends the pipeline', async () => {
  const channel = new HandChannel();
  channel.room = Promise.reject(new Error('transport closed'));
  await expect(pipeline(Readable.from(makeUnits(2)), publishUnits(channel.asChannel))).rejects.toThrow(
    'transport closed',
  );
});
