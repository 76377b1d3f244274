import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertRecord, recordProblems } from '../../src/record-schema.ts';
import { makeUnits, recordOf } from '../support/units.ts';

const [unit] = makeUnits(1, 4) as [ReturnType<typeof makeUnits>[number]];
const artifact = { name: '000000.tar', bytes: 1, sha256: 'f'.repeat(64) };

describe('recordProblems', () => {
  it('accepts a record whose counts add up', () => {
    const record = recordOf(unit, { stored: 1, failed: 2, skipped: 1, errors: { http_404: 2, robots_tag: 1 } });
    expect(recordProblems(record)).toEqual([]);
  });

  it('accepts keys of later versions', () => {
    expect(recordProblems({ ...recordOf(unit), uploadId: 'x' })).toEqual([]);
  });

  it.for(['../evil', 'a/b', '..', '.', '', 'a\\b', 'a\nb', '.flow-dc', 'ä.tar', 'x'.repeat(256)])(
    'refuses the artifact name %j',
    (name) => {
      expect(recordProblems(recordOf(unit, { artifacts: [{ ...artifact, name }] }))).not.toEqual([]);
    },
  );

  it.for([
    ['more than four artifacts', { artifacts: [1, 2, 3, 4, 5].map((n) => ({ ...artifact, name: `${n}.tar` })) }],
    ['two artifacts of one name', { artifacts: [artifact, artifact] }],
    ['rows that do not add up', { stored: 3 }],
    ['failures without a reason', { stored: 2, failed: 2 }],
    ['a negative count', { bytes: -1 }],
    ['a fractional count', { bytes: 1.5 }],
    ['an unsafe token', { token: '../x' }],
    ['an unsafe unit id', { unit: '../../etc/passwd' }],
    ['a hash of another kind', { artifacts: [{ ...artifact, sha256: 'F'.repeat(64) }] }],
  ] as const)('refuses %s', ([, changes]) => {
    expect(recordProblems({ ...recordOf(unit), ...changes })).not.toEqual([]);
  });

  it('refuses anything that is not a record, without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(recordProblems(value)).not.toEqual([]);
      }),
    );
  });

  it('never lets an artifact name through that leads out of the folder', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12, unit: fc.constantFrom('.', '/', '\\', 'a', '-', '\0') }), (name) => {
        if (recordProblems(recordOf(unit, { artifacts: [{ ...artifact, name }] })).length > 0) return;
        expect(new URL(name, 'file:///out/').pathname).toBe(`/out/${name}`);
      }),
    );
  });
});

describe('assertRecord', () => {
  it('names every problem at once', () => {
    expect(() => assertRecord({ ...recordOf(unit), bytes: -1, token: '' })).toThrow(/token.*bytes|bytes.*token/);
  });
});
