import { RecordBatch } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { int32Column } from '../../../src/arrow/columns.ts';
import { ClassNumbers, classesOf } from '../../../src/dataset/class-numbers.ts';
import { unitOf } from '../../support/sink-units.ts';

const rule = { known: [], publish: (text: string) => text };

describe('numbers of classes', () => {
  it('follow the first appearance, over batches, and behind those that were given', () => {
    const numbers = new ClassNumbers({ ...rule, known: ['z'] });
    const of = (labels: (string | null)[]) => {
      const { batch } = unitOf({ rows: labels.length, labels });
      return [...(classesOf(numbers.addTo(batch)) ?? [])];
    };
    expect(of(['b', 'a', null, 'b', ''])).toEqual([1, 2, -1, 1, -1]);
    expect(of(['c', 'z', 'a'])).toEqual([3, 0, 2]);
  });

  it('are the same in every reading, and stay when rows are appended', () => {
    const labels = ['x', 'y', 'x', 'q'];
    const first = new ClassNumbers(rule);
    const again = new ClassNumbers(rule);
    expect([...labels, 'new'].map((label) => again.of(label))).toEqual([...labels.map((label) => first.of(label)), 3]);
  });

  it('are of labels as they are published, whatever their type', () => {
    const { batch } = unitOf({ rows: 2, labels: ['1', '2'] });
    const at = batch.schema.fields.findIndex(({ name }) => name === 'species');
    const data = batch.data.clone();
    data.children[at] = int32Column([7, 7]);
    const numbers = new ClassNumbers({ known: ['7!'], publish: (text) => `${text}!` });
    expect([...(classesOf(numbers.addTo(new RecordBatch(batch.schema, data))) ?? [])]).toEqual([0, 0]);
    expect(numbers.addTo(unitOf({ rows: 1 }).batch).schema.fields).toHaveLength(4);
  });
});
