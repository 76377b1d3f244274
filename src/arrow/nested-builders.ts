/** Columns of structs, lists, maps, dictionaries and nulls to append rows to, and the builder of any type. */
import { type Data, DataType, makeData, type Vector } from 'apache-arrow';
import { nullData } from './column-types.ts';
import { BoolBuilder, BytesBuilder, ColumnBuilder, FixedBuilder } from './flat-builders.ts';
import { type Expected, Offsets } from './growing.ts';
import { Runs } from './picks.ts';

/** Throws TypeError for unions. Dictionary columns come out as their values. */
export function columnBuilder(type: DataType, expected: Expected): ColumnBuilder {
  if (DataType.isDictionary(type)) {
    return new DictionaryBuilder(type.dictionary, expected, [columnBuilder(type.dictionary, expected)]);
  }
  if (DataType.isNull(type)) return new NullBuilder(type, expected);
  if (DataType.isUnion(type)) throw new TypeError(`a column of type ${type} cannot be gathered`);
  const children = (type.children ?? []).map((field) => columnBuilder(field.type, expected));
  if (DataType.isStruct(type)) return new StructBuilder(type, expected, children);
  if (DataType.isFixedSizeList(type)) return new FixedSizeListBuilder(type, expected, children);
  if (DataType.isList(type) || DataType.isMap(type)) return new ListBuilder(type, expected, children);
  if (DataType.isBool(type)) return new BoolBuilder(type, expected);
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return new BytesBuilder(type, expected);
  if (DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) return new BytesBuilder(type, expected);
  return new FixedBuilder(type, expected);
}

class NullBuilder extends ColumnBuilder {
  protected override appendValues(): void {}

  override finish(): Data {
    return makeData({ type: this.type, length: this.rows } as never);
  }
}

class StructBuilder extends ColumnBuilder {
  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    for (const [i, child] of this.children.entries()) child.append(childrenAt(sources, i), runs);
  }
}

class FixedSizeListBuilder extends ColumnBuilder {
  protected override appendValues(sources: readonly Data[], runs: Runs): void {
    const { listSize } = this.type as DataType & { listSize: number };
    const values = new Runs();
    for (let run = 0; run < runs.size; run++)
      values.add(runs.batch(run), runs.start(run) * listSize, runs.count(run) * listSize);
    this.children[0]?.append(childrenAt(sources, 0), values);
  }
}

class ListBuilder extends ColumnBuilder {
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
class DictionaryBuilder extends ColumnBuilder {
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
