/** Names with dots that lead into a column: `images.url`, `images.0.url`, `meta.text`. Pure. */
import { DataType, type Field } from 'apache-arrow';
import { isTextType } from '../../arrow/text.ts';
import { nearest } from '../../config/nearest.ts';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';

export interface ColumnPath {
  readonly root: string;
  readonly steps: readonly string[];
}

/**
 * Where a name leads that no column has: the longest column that begins it, and the steps from there. Undefined where it
 * leads into none.
 */
export function pathOf(name: string, columns: readonly Field[]): ColumnPath | undefined {
  const roots = columns.filter((field) => name.startsWith(`${field.name}.`) && hasInside(field.type));
  const root = roots.sort((a, b) => b.name.length - a.name.length)[0];
  return root && { root: root.name, steps: name.slice(root.name.length + 1).split('.') };
}

/** Members, items, or text that may be JSON. */
function hasInside(type: DataType): boolean {
  return DataType.isStruct(type) || DataType.isMap(type) || isListType(type) || isTextType(type);
}

export function isListType(type: DataType): boolean {
  return DataType.isList(type) || DataType.isFixedSizeList(type);
}

/** The type at a place; undefined where only the values say it. FDC_ERR_MANIFEST_COLUMN for a member that there is not. */
export function typeAt({ root, steps }: ColumnPath, columns: readonly Field[]): DataType | undefined {
  let type = columns.find(({ name }) => name === root)?.type;
  let way = root;
  for (const step of steps) {
    if (type === undefined || DataType.isMap(type) || isTextType(type)) return undefined;
    if (isListType(type) && !/^\d+$/.test(step)) type = type.children[0]?.type;
    else if (isListType(type)) {
      type = type.children[0]?.type;
      way += `.${step}`;
      continue;
    }
    if (type === undefined || !DataType.isStruct(type)) return undefined;
    const member = type.children.find(({ name }) => name === step);
    if (member === undefined) throw noMember(way, step, type.children);
    type = member.type;
    way += `.${step}`;
  }
  return type;
}

/** Whether a place lies in a list no item of which is named, or is one. */
export function isInList({ root, steps }: ColumnPath, columns: readonly Field[]): boolean {
  let type = columns.find(({ name }) => name === root)?.type;
  for (const step of [...steps, undefined]) {
    if (type === undefined) return false;
    if (isListType(type)) {
      if (step === undefined || !/^\d+$/.test(step)) return true;
      type = type.children[0]?.type;
    } else type = type.children?.find(({ name }: Field) => name === step)?.type;
  }
  return false;
}

function noMember(way: string, step: string, members: readonly Field[]): FlowDcError {
  const names = members.map(({ name }) => name);
  const near = nearest(step, names);
  const hint = near === undefined ? '' : `did you mean ${way}.${near}? `;
  return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', `${way} has no ${step}: ${hint}it holds ${someOf(names, 12)}`);
}
