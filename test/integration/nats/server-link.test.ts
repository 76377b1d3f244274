import { connect } from '@nats-io/transport-node';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { systemClock } from '../../../src/clock.ts';
import { subscribe } from '../../../src/telemetry/channels.ts';
import { ServerLink } from '../../../src/transport/nats/connection/server-link.ts';
import { describeNats, startNatsServer } from '../../support/nats-server.ts';

/** Time that passes a hundred times as fast. */
const fastClock: Clock = {
  nowMs: () => systemClock.nowMs() * 100,
  wallMs: () => systemClock.wallMs(),
  timer: (delayMs, fn) => systemClock.timer(delayMs / 100, fn),
};

async function linked(clock: Clock, giveUpMs?: number) {
  const server = await startNatsServer();
  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const states: string[] = [];
  const stop = subscribe('flow-dc:server', ({ state }) => states.push(state));
  onTestFinished(async () => {
    stop();
    await connection.close();
    await server.close();
  });
  return { server, connection, states, link: await ServerLink.over(connection, clock, giveUpMs) };
}

describeNats('a connection', () => {
  it('tells once that nobody has answered for half a minute although the server is there, and when somebody does', async () => {
    const { connection, states, link } = await linked(fastClock);
    let isMute = true;
    connection.subscribe('question', { callback: (_error, message) => void (isMute || message.respond('yes')) });
    const asking = link.ask('cannot ask', () => connection.request('question', '', { timeout: 10 }));
    await vi.waitFor(() => expect(states).toEqual(['silent']), { timeout: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    isMute = false;
    expect((await asking).string()).toBe('yes');
    expect(states).toEqual(['silent', 'up']);
  });

  it('tells when its server goes away, and when it is back', async () => {
    const { server, states, link } = await linked(systemClock);
    await server.kill();
    await vi.waitFor(() => expect(states).toEqual(['away']), { timeout: 10_000 });
    expect(link.isUp).toBe(false);
    await server.start();
    await vi.waitFor(() => expect(states).toEqual(['away', 'up']), { timeout: 10_000 });
  });

  it('gives up when it was made for somebody who waits in front of a screen', async () => {
    const { server, link } = await linked(fastClock, 10_000);
    await server.kill();
    await expect(link.ask('cannot look', () => link.manager.getAccountInfo())).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_CONNECT',
    });
  });

  it('tells nothing of an answer that says no', async () => {
    const { connection, states, link } = await linked(fastClock);
    await expect(link.ask('cannot look', () => link.manager.streams.info('nowhere'))).rejects.toMatchObject({
      code: 'FDC_ERR_TRANSPORT_SERVER',
    });
    expect(states).toEqual([]);
    expect(connection.isClosed()).toBe(false);
  });
});
