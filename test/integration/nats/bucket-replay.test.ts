import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { replay } from '../../../src/transport/nats/connection/bucket-replay.ts';
import { ServerLink } from '../../../src/transport/nats/connection/server-link.ts';
import { describeNats, startNatsServer } from '../../support/nats-server.ts';

/** A bucket on a server of its own, and a way to read it. */
async function aBucket(clock: Clock = systemClock) {
  const server = await startNatsServer();
  onTestFinished(() => server.close());
  const connection = await connect({ servers: server.url });
  onTestFinished(() => connection.close());
  const bucket = await new Kvm(jetstream(connection)).create('words', { history: 1 });
  return { bucket, connection, link: await ServerLink.over(connection, clock) };
}

describeNats('the values of a bucket', () => {
  it('are read to an end while somebody writes one of them all the time', async () => {
    const { bucket, link } = await aBucket();
    let isOver = false;
    for (const key of ['w.busy', 'w.silent']) await bucket.put(key, 'x');
    const writing = (async () => {
      while (!isOver) await bucket.put('w.busy', 'y');
    })();
    onTestFinished(async () => {
      isOver = true;
      await writing;
    });
    let longestMs = 0;
    for (let times = 0; times < 200; times += 1) {
      const startMs = performance.now();
      const keys: string[] = [];
      for await (const { key } of replay(link, bucket, 'w.>')) {
        keys.push(key);
        expect(keys.length).toBeLessThan(100);
      }
      longestMs = Math.max(longestMs, performance.now() - startMs);
      expect(new Set(keys)).toEqual(new Set(['w.busy', 'w.silent']));
    }
    expect(longestMs).toBeLessThan(2000);
  }, 60_000);

  it('are read to an end when the server comes back just as the last one was told', async () => {
    const { bucket, link } = await aBucket();
    await bucket.put('w.a', 'x');
    await bucket.put('other', 'y');
    const onReconnect = vi.spyOn(link, 'onReconnect');
    const keys: string[] = [];
    for await (const { key } of replay(link, bucket, 'w.>')) {
      keys.push(key);
      for (const [listener] of onReconnect.mock.calls) listener(true);
    }
    expect(keys).toEqual(['w.a']);
  }, 15_000);

  it('are told on when the server has forgotten that somebody listens', async () => {
    // Its time passes faster, so that nobody waits for it here.
    const clock = { ...systemClock, timer: (ms: number, fn: () => void) => systemClock.timer(ms / 10, fn) };
    const { bucket, connection, link } = await aBucket(clock);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const seen: string[] = [];
    await bucket.put('a', '1');
    void (async () => {
      for await (const { key } of replay(link, bucket, '>', stop.signal)) seen.push(key);
    })();
    await expect.poll(() => seen).toEqual(['a']);
    const { consumers } = await jetstreamManager(connection);
    for await (const { name } of consumers.list('KV_words')) await consumers.delete('KV_words', name);
    await bucket.put('b', '2');
    await expect.poll(() => seen).toEqual(['a', 'b']);
  }, 15_000);
});
