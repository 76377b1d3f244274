import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PoisonNotes } from '../../../src/job/poison-notes.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function workers(count: number): Promise<PoisonNotes[]> {
  const folder = join(await tempFolder(), 'poison');
  return Array.from({ length: count }, () => new PoisonNotes(folder));
}

it('a row that stood still is left alone by everybody', async () => {
  const [first, second] = (await workers(2)) as [PoisonNotes, PoisonNotes];
  expect([...second.begin('u')]).toEqual([]);
  first.add(17);
  expect([...second.begin('u')]).toEqual([17]);
  expect([...second.begin('other')]).toEqual([17]);
});

it('a row that was being tried at two ends of a worker is left alone, at one end it is not', async () => {
  const [first, second, third] = (await workers(3)) as [PoisonNotes, PoisonNotes, PoisonNotes];
  first.begin('u');
  first.trying('u', 4);
  first.trying('u', 5);
  expect([...second.begin('u')]).toEqual([]);
  second.trying('u', 4);
  second.trying('u', 5);
  expect(second.isTrying('u')).toBe(true);
  expect([...third.begin('u')]).toEqual([5]);
  expect(third.isTrying('u')).toBe(false);
});

it('a row that may have ended a thread is left alone when it may have done so twice', async () => {
  const [first, second] = (await workers(2)) as [PoisonNotes, PoisonNotes];
  first.blame(3);
  expect([...second.begin('u')]).toEqual([]);
  second.blame(3);
  expect([...first.begin('u')]).toEqual([3]);
});

it('a unit that was left in good order blames nobody', async () => {
  const [first, second] = (await workers(2)) as [PoisonNotes, PoisonNotes];
  for (let times = 0; times < 3; times += 1) {
    expect([...first.begin('u')]).toEqual([]);
    first.trying('u', 4);
    first.end('u');
  }
  expect([...second.begin('u')]).toEqual([]);
});
