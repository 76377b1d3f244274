import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { EventStream } from '../../../src/serve/event-stream.ts';
import type { Watched } from '../../../src/serve/watch/served-state.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A page that takes what it is sent, or not. */
class Page extends EventEmitter {
  readonly got: string[] = [];
  readonly req = { method: 'GET', socket: {} };
  isSlow = false;
  isDestroyed = false;
  isEnded = false;

  writeHead(): void {}

  write(text: string): boolean {
    this.got.push(text);
    return !this.isSlow;
  }

  end(text: string): void {
    this.got.push(text);
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

function opened(pages: number) {
  const clock = new VirtualClock();
  let made = 0;
  const watched = { state: () => ({ number: ++made }), hosts: () => [] } as unknown as Watched;
  const events = new EventStream(watched, clock);
  const all = Array.from({ length: pages }, () => new Page());
  for (const page of all) events.open(page as never);
  return { clock, events, pages: all, made: () => made };
}

describe('the state that is pushed', () => {
  it('is made once for all pages, twice a second, and not at all without one', async () => {
    const { clock, pages, made } = opened(5);
    const before = made();
    await clock.advance(1000);
    expect(made() - before).toBe(2);
    expect(pages.every(({ got }) => got.length === 4)).toBe(true);
    for (const page of pages) page.emit('close');
    await clock.advance(5000);
    expect(made() - before).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('does not pile up for a page that does not take it, which then gets the newest alone', async () => {
    const { clock, pages } = opened(2);
    const [slow, quick] = pages as [Page, Page];
    slow.isSlow = true;
    await clock.advance(10_000);
    expect(slow.got).toHaveLength(3);
    expect(quick.got).toHaveLength(22);
    slow.isSlow = false;
    slow.emit('drain');
    await clock.advance(500);
    expect(slow.got.at(-1)).toBe(quick.got.at(-1));
  });

  it('is not kept for a page that takes nothing for half a minute', async () => {
    const { clock, pages, events } = opened(1);
    const [page] = pages as [Page];
    page.isSlow = true;
    await clock.advance(32_000);
    expect([page.isDestroyed, events.clients]).toEqual([true, 0]);
  });

  it('ends with the last one, for who comes late too, and there is a bound on pages', () => {
    const { events, pages } = opened(64);
    expect(() => events.open(new Page() as never)).toThrow(/64 pages/);
    events.end();
    expect(pages.every(({ got, isEnded }) => isEnded && got.at(-1)?.startsWith('event: end'))).toBe(true);
    const late = new Page();
    events.open(late as never);
    expect(late.isEnded).toBe(true);
  });
});
