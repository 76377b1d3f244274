import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sameContents } from '../../../src/duplicates/same-contents.ts';
import { GroupSum, type Sample } from '../../../src/duplicates/sample-groups.ts';

function sample(row: number, content: string | undefined, bytes = 10): Sample {
  const sha256 = content === undefined ? undefined : createHash('sha256').update(content).digest('hex');
  return {
    ...{ key: `k${row}`, name: `k${row}.jpg`, row, url: '', bytes, sha256, contentType: 'image/jpeg' },
    ...{ width: undefined, height: undefined, etag: undefined, lastModified: undefined },
  };
}

describe('samples with the same bytes', () => {
  it('are found, and none that only seems so', async () => {
    const all = Array.from({ length: 5000 }, (_, row) =>
      sample(row, row % 1000 < 3 ? `again ${row % 1000}` : `${row}`),
    );
    const { groupOf } = await sameContents(async function* () {
      yield* [...all, sample(5000, undefined), sample(5001, undefined)];
    }, 5002);
    const found = all.filter((one) => groupOf(one) !== undefined);
    expect(found.map(({ row }) => row)).toEqual(all.map(({ row }) => row).filter((row) => row % 1000 < 3));
    expect(groupOf(sample(9, undefined))).toBeUndefined();
  });

  it('are added up: copies beside the first of each, the largest first', () => {
    const sum = new GroupSum('same');
    for (const row of [1, 2]) sum.add('small', sample(row, 'a', 10));
    for (const row of [3, 4, 5, 6, 7]) sum.add('large', sample(row, 'b', 100));
    expect(sum.read()).toEqual({
      ...{ kind: 'same', groups: 2, copies: 5, bytes: 410 },
      largest: [
        { group: 'large', samples: 5, bytes: 500, keys: ['k3', 'k4', 'k5', 'k6'] },
        { group: 'small', samples: 2, bytes: 20, keys: ['k1', 'k2'] },
      ],
    });
  });
});
