import { describe, expect, it } from 'vitest';
import type { Mark } from '../../../src/paarc/accepted-log.ts';
import { connectionCap, isGradual, type Levels, newLevels, withGrant, withRefusal } from '../../../src/paarc/levels.ts';

/** Sends one request per ms; a reply of the host takes 40 to 160 ms, a refusal less. */
function playWave(
  isGranted: (atHost: number, atMs: number) => boolean,
  most: number,
  endMs: number,
  refusalMs = 10,
): Levels {
  let levels: Levels | undefined;
  const flights: { mark: Mark; inFlight: number; isOk: boolean; endMs: number }[] = [];
  for (let atMs = 0, sends = 0; atMs < endMs; atMs++) {
    for (const flight of flights.filter(({ endMs: end }) => end === atMs)) {
      flights.splice(flights.indexOf(flight), 1);
      if (!flight.isOk) {
        levels = withRefusal(levels ?? newLevels(flight.mark.sends), flight, atMs);
      } else if (levels !== undefined) levels = withGrant(levels, flight);
    }
    if (flights.length >= most) continue;
    const isOk = isGranted(flights.filter((one) => one.isOk).length, atMs);
    const tookMs = isOk ? 40 + ((sends * 37) % 121) : refusalMs;
    flights.push({ mark: { sends: ++sends, atMs }, inFlight: flights.length + 1, isOk, endMs: atMs + tookMs });
  }
  return levels as Levels;
}

describe('How many others a refusal met', () => {
  it('sees how many a host serves at once in the wave that meets its cap, refusals on their way back left out', () => {
    expect(connectionCap(playWave((atHost) => atHost < 20, 30, 400))).toBe(20);
  });

  it('takes no rate for a cap, whether it grants half of what comes or a little less than all', () => {
    let tokens = 20;
    const bucket = (perMs: number) => (): boolean => {
      tokens = Math.min(20, tokens + perMs);
      if (tokens < 1) return false;
      tokens--;
      return true;
    };
    expect(connectionCap(playWave(bucket(0.1), 30, 2000))).toBeUndefined();
    tokens = 20;
    expect(connectionCap(playWave(bucket(0.18), 30, 2000))).toBeUndefined();
    expect(isGradual(playWave((atHost) => atHost < 4, 5, 2000, 60))).toBe(false);
  });
});
