/** Builders of structs, lists, maps, dictionaries and nulls. */
import { type Data, type DataType, makeData, type Vector } from 'apache-arrow';
import { ColumnBuilder } from './column-builder.ts';
import { nullData } from './null-data.ts';
import { Offsets } from './offsets.ts';
import { Runs } from './picks.ts';

export class NullBuilder extends ColumnBuilder {
  protected override appendValues(): void {}

  override finish(): Data {
    return makeData({ type: this.type, length: this.rows } as never);
  }
}

export class StructBuilder extends ColumnBuilder {
  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    for (const [i, child] of this.children.entries()) child.append(childrenAt(sources, i), runs);
  }
}

export class FixedSizeListBuilder extends ColumnBuilder {
  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    const { listSize } = this.type as DataType & { listSize: number };
    const values = new Runs();
    for (let run = 0; run < runs.size; run++)
      values.add(runs.batch(run), runs.start(run) * listSize, runs.count(run) * listSize);
    this.children[0]?.append(childrenAt(sources, 0), values);
  }
}

export class ListBuilder extends ColumnBuilder {
  readonly #offsets = new Offsets(this.expected);

  protected override get valueBytes(): number {
    return this.#offsets.bytes;
  }

  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    this.#offsets.append(sources, runs);
    const values = new Runs();
    for (let run = 0; run < runs.size; run++) {
      const { valueOffsets } = sources[runs.batch(run)] as Data;
      const from = Number(valueOffsets[runs.start(run)]);
      values.add(runs.batch(run), from, Number(valueOffsets[runs.start(run) + runs.count(run)]) - from);
    }
    this.children[0]?.append(childrenAt(sources, 0), values);
  }

  protected override finishValues(): [ArrayBufferView] {
    return [this.#offsets.filled()];
  }
}

/** Words are written out, by its only child: files and batches need not have the same dictionaries. */
export class DictionaryBuilder extends ColumnBuilder {
  override append(sources: readonly Data[], runs: Runs): void {
    this.appendValues(sources, runs);
  }

  override finish(): Data {
    return (this.children[0] as ColumnBuilder).finish();
  }

  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    const chunks: Data[] = [nullData(this.type, 1)];
    const firstChunk = new Map<Vector, number>();
    const words = new Runs();
    for (let run = 0; run < runs.size; run++) {
      const source = sources[runs.batch(run)] as Data;
      const dictionary = source.dictionary as Vector;
      const base = firstChunk.get(dictionary) ?? chunks.length;
      if (base === chunks.length) {
        firstChunk.set(dictionary, base);
        chunks.push(...dictionary.data);
      }
      for (let i = 0; i < runs.count(run); i++) {
        const row = runs.start(run) + i;
        if (source.getValid(row)) addWord(words, dictionary.data, base, Number(source.values[row]));
        else words.add(0, 0, 1);
      }
    }
    this.children[0]?.append(chunks, words);
  }
}

function addWord(runs: Runs, chunks: readonly Data[], base: number, index: number): void {
  let chunk = 0;
  let row = index;
  while (row >= (chunks[chunk] as Data).length) row -= (chunks[chunk++] as Data).length;
  runs.add(base + chunk, row, 1);
}

function childrenAt(sources: readonly Data[], index: number): Data[] {
  return sources.map((source) => source.children[index] as Data);
}
