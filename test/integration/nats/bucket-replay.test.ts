import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { replay } from '../../../src/transport/nats/connection/bucket-replay.ts';
import { ServerLink } from '../../../src/transport/nats/connection/server-link.ts';
import { describeNats, startNatsServer } from '../../support/nats-server.ts';

describeNats('the values of a bucket', () => {
  it('are read to an end while somebody writes one of them all the time', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.close());
    const connection = await connect({ servers: server.url });
    onTestFinished(() => connection.close());
    const bucket = await new Kvm(jetstream(connection)).create('words', { history: 1 });
    const link = await ServerLink.over(connection, systemClock);
    let isOver = false;
    await bucket.put('w.silent', 'x');
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
      expect(keys).toContain('w.silent');
    }
    expect(longestMs).toBeLessThan(2000);
  }, 60_000);
});
