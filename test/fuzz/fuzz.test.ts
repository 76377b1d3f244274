import { describe, expect, it } from 'vitest';
import { SEED } from '../support/seeds.ts';
import { startTarget } from './start-target.ts';
import { fixturesOf, loadTarget, TARGETS } from './target.ts';

/** `npm test` sets 20; a short look otherwise. */
const SECONDS = Number(process.env.FLOW_DC_FUZZ_SECONDS ?? 2);

describe.concurrent('what a stranger may send', () => {
  for (const name of TARGETS)
    it(`neither stops nor fools us for ${SECONDS} s of mutated ${name}`, {
      timeout: SECONDS * 1000 + 90_000,
    }, async () => {
      const { ok, output } = await startTarget(name, SECONDS, SEED);
      if (!ok) throw new Error(output);
    });

  it('is a failure when a target ends by itself with an error', async () => {
    const { ok, output } = await startTarget('none' as never, 1, 1);
    expect({ ok, output }).toEqual({ ok: false, output: expect.stringContaining('--seed 1 repeats it') });
  });

  for (const name of TARGETS)
    it(`is answered rightly now where it once was not: ${name}`, async () => {
      const { replay } = await loadTarget(name);
      for (const { file, bytes } of await fixturesOf(name)) {
        if (replay === undefined)
          throw new Error(`targets/${name}.ts has to export replay for fixtures/${name}/${file}`);
        await replay(bytes);
      }
    });
});
