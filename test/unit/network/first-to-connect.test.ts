import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { firstToConnect } from '../../../src/network/first-to-connect.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type End = Parameters<Parameters<typeof firstToConnect>[0]['open']>[1];

class FakeSocket extends EventEmitter {
  isDestroyed = false;
  readonly end: End;
  constructor(end: End) {
    super();
    this.end = end;
  }
  destroy(): void {
    this.isDestroyed = true;
  }
  /** The other side took the connection; over TLS that is not yet the end. */
  answer(isTls = false): void {
    this.emit('connect');
    if (!isTls) this.end(null, this as never);
  }
  fail(code: string): void {
    this.end(Object.assign(new Error(code), { code }), this as never);
  }
}

function dial(addresses: string[], more?: () => Promise<readonly string[]>) {
  const clock = new VirtualClock();
  const sockets = new Map<string, FakeSocket>();
  const ends: string[] = [];
  const giveUp = firstToConnect({
    addresses,
    more,
    clock,
    open: (address, end) => {
      const socket = new FakeSocket(end);
      sockets.set(address, socket);
      return socket as never;
    },
    done: (error, _socket, address) => ends.push(`${error?.message ?? 'connected'} ${address}`),
  });
  const of = (address: string): FakeSocket => sockets.get(address) as FakeSocket;
  return { clock, of, ends, giveUp, tried: () => [...sockets.keys()] };
}

describe('a host with several addresses', () => {
  it('is asked at one of them as long as that answers in time', async () => {
    const { clock, of, ends, tried } = dial(['a', 'b'], async () => ['c']);
    await clock.advance(249);
    of('a').answer();
    await clock.advance(10_000);
    expect([tried(), ends]).toEqual([['a'], ['connected a']]);
    expect(clock.pending).toBe(0);
  });

  it('of which the first is dead costs a quarter of a second; the one that is late is let go', async () => {
    const { clock, of, ends, tried } = dial(['dead', 'good', 'third']);
    await clock.advance(250);
    expect(tried()).toEqual(['dead', 'good']);
    of('good').answer();
    await clock.advance(10_000);
    expect([tried(), ends, of('dead').isDestroyed]).toEqual([['dead', 'good'], ['connected good'], true]);
  });

  it('of which one refuses is asked at the next at once', () => {
    const { of, ends } = dial(['a', 'b']);
    of('a').fail('ECONNREFUSED');
    of('b').answer();
    expect(ends).toEqual(['connected b']);
  });

  it('opens no second connection while one that was taken shakes hands, whatever comes of that', async () => {
    const { clock, of, ends, tried } = dial(['a', 'b']);
    of('a').answer(true);
    await clock.advance(10_000);
    expect(tried()).toEqual(['a']);
    of('a').fail('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(ends).toEqual(['ERR_TLS_CERT_ALTNAME_INVALID a']);
  });

  it('that answers nowhere is asked at those of the other family, and ends as the last one did', async () => {
    const asked: string[] = [];
    const more = async (): Promise<string[]> => {
      asked.push('more');
      return ['v6'];
    };
    const { clock, of, ends } = dial(['dead', 'refusing'], more);
    await clock.advance(250);
    of('refusing').fail('ECONNREFUSED');
    await clock.advance(0);
    of('v6').fail('ENETUNREACH');
    expect(ends).toEqual([]);
    of('dead').fail('ETIMEDOUT');
    expect([asked, ends]).toEqual([['more'], ['ETIMEDOUT dead']]);
  });

  it('is let alone when this machine is short of files', () => {
    const { of, ends, tried } = dial(['a', 'b']);
    of('a').fail('EMFILE');
    expect([tried(), ends]).toEqual([['a'], ['EMFILE a']]);
  });

  it('is not tried at more than eight of a family, and not at all once it is given up', async () => {
    const many = dial(Array.from({ length: 40 }, (_, at) => `a${at}`));
    await many.clock.advance(60_000);
    expect(many.tried()).toHaveLength(8);
    many.giveUp();
    expect(many.tried().every((address) => many.of(address).isDestroyed)).toBe(true);
    const one = dial(['a', 'b']);
    one.giveUp();
    await one.clock.advance(60_000);
    expect([one.tried(), one.ends, one.clock.pending]).toEqual([['a'], [], 0]);
  });
});
