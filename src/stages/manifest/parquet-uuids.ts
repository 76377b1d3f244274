/** Which columns of a parquet file are UUIDs, by its footer: the reader hands them on as bytes, and says no more. Pure. */
import { CompactReader, WIRE } from '../../parquet/compact-reader.ts';

/** Ids of fields as parquet.thrift has them. */
const [FILE_SCHEMA, ELEMENT_NAME, ELEMENT_CHILDREN, ELEMENT_LOGICAL, LOGICAL_UUID] = [2, 4, 5, 10, 14];

/** @returns names of columns that are not nested; none for a footer that cannot be understood */
export function uuidColumns(footer: Uint8Array): readonly string[] {
  try {
    const reader = new CompactReader(footer);
    const elements: Element[] = [];
    reader.struct((id, type) => {
      if (id !== FILE_SCHEMA || type !== WIRE.list) return false;
      reader.list((item) => {
        if (item !== WIRE.struct) return false;
        elements.push(schemaElement(reader));
        return true;
      });
      return true;
    });
    return topLeaves(elements).flatMap(({ name, isUuid }) => (isUuid ? name : []));
  } catch {
    return [];
  }
}

interface Element {
  name: string;
  children: number;
  isUuid: boolean;
}

function schemaElement(reader: CompactReader): Element {
  const element: Element = { name: '', children: 0, isUuid: false };
  reader.struct((id, type) => {
    if (id === ELEMENT_NAME && type === WIRE.binary) element.name = reader.text();
    else if (id === ELEMENT_CHILDREN && type === WIRE.i32) element.children = reader.integer();
    else if (id === ELEMENT_LOGICAL && type === WIRE.struct)
      reader.struct((logical) => {
        if (logical === LOGICAL_UUID) element.isUuid = true;
        return false;
      });
    else return false;
    return true;
  });
  return element;
}

/** Elements are in depth-first order, the root first. */
function topLeaves(elements: readonly Element[]): Element[] {
  const leaves: Element[] = [];
  for (let at = 1; at < elements.length; ) {
    const element = elements[at] as Element;
    if (element.children === 0) leaves.push(element);
    // Past all that is below it.
    for (let open = 1; open > 0 && at < elements.length; at += 1) open += (elements[at] as Element).children - 1;
  }
  return leaves;
}
