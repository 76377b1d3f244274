/** The types of a webdataset's fields for the head of its card: without them Hugging Face infers them from five samples. */
import { type DataType, DataType as DataTypes, type Field, type Schema } from 'apache-arrow';
import { isJsonText } from '../../arrow/typed-text.ts';
import { readRoles } from '../../unit-rows.ts';
import { manifestColumns, type NamedColumn } from '../column-names.ts';
import { additionalColumns } from '../img2dataset-table.ts';
import { IMG2DATASET_COLUMNS } from '../img2dataset-words.ts';

/** A field in the words of Hugging Face's `dataset_info`. */
type Feature = { readonly [key: string]: string | Feature | readonly Feature[] };

/** With more names a card is too long for those who read it; numbers they are then. Chosen. */
const MAX_CLASS_NAMES = 10_000;

/** The keys that every KEY.json has, in their order. */
const OWN_KEYS: readonly (readonly [name: string, dtype: string])[] = [
  ...(['key', 'url', 'label', 'caption', 'sha256'] as const).map((name) => [name, 'string'] as const),
  ...(['width', 'height', 'row'] as const).map((name) => [name, 'int64'] as const),
];

/** What Pillow opens without a plug-in; other files are handed on as bytes. */
const PICTURES = new Set(['jpg', 'png', 'webp', 'gif', 'bmp', 'tif', 'avif', 'ico', 'icns', 'tga']);

/**
 * Lines of YAML.
 * @param schema - of the manifest, with its roles
 * @param extensions - of the samples' files
 * @param classes - names by number, where KEY.cls says the number; none when there are too many
 */
export function webdatasetFeatures(
  schema: Schema,
  extensions: readonly string[],
  classes: readonly string[] | undefined,
  compat?: 'img2dataset' | undefined,
): string[] {
  const roles = readRoles(schema);
  const playing = new Set<string>(Object.values(roles));
  const columns = manifestColumns(schema).filter(({ given }) => !playing.has(given));
  const typed = ({ index, name }: NamedColumn): Feature => ({
    name,
    ...typeOfField(schema.fields[index] as Field),
  });
  const plain = ([name, dtype]: readonly [string, string]): Feature => ({ name, dtype });
  const json =
    compat === undefined
      ? [...OWN_KEYS.map(plain), ...columns.map(typed)]
      : [
          ...additionalColumns(schema).map(typed),
          ...(roles.caption === undefined ? [] : [plain(['caption', 'string'])]),
          ...['url', ...IMG2DATASET_COLUMNS].map((name) =>
            plain([name, /(width|height)$/.test(name) ? 'int64' : 'string']),
          ),
        ];
  const features: Feature[] = [
    ...extensions.map((name) => ({ name, dtype: PICTURES.has(name) ? 'image' : 'binary' })),
    ...(classes === undefined ? [] : [{ name: 'cls', dtype: classType(classes) }]),
    ...(roles.caption === undefined ? [] : [{ name: 'txt', dtype: 'string' }]),
    { name: 'json', struct: json },
    { name: '__key__', dtype: 'string' },
    { name: '__url__', dtype: 'string' },
  ];
  return ['dataset_info:', '  features:', ...features.map((feature) => `  - ${yamlOf(feature)}`)];
}

function classType(names: readonly string[]): string | Feature {
  if (names.length === 0 || names.length > MAX_CLASS_NAMES) return 'int64';
  return { class_label: { names: Object.fromEntries(names.map((name, number) => [String(number), name])) } };
}

function typeOfField(field: Field): Feature {
  return isJsonText(field) ? { dtype: 'json' } : typeOf(field.type);
}

/** As KEY.json has values of this type. */
function typeOf(type: DataType): Feature {
  if (DataTypes.isDictionary(type)) return typeOf(type.dictionary);
  if (DataTypes.isNull(type)) return { dtype: 'null' };
  if (DataTypes.isBool(type)) return { dtype: 'bool' };
  // Its Arrow arrays are built from values alone, and those of 2^63 and above are too much for that.
  if (DataTypes.isInt(type)) return { dtype: type.bitWidth === 64 && !type.isSigned ? 'json' : 'int64' };
  if (DataTypes.isFloat(type)) return { dtype: 'float64' };
  if (DataTypes.isInterval(type)) return { list: { dtype: 'int64' } };
  if (DataTypes.isList(type) || DataTypes.isFixedSizeList(type)) {
    const item = typeOf(type.valueType);
    return { list: item.struct ?? item };
  }
  if (DataTypes.isStruct(type))
    return { struct: type.children.map((field) => ({ name: field.name, ...typeOf(field.type) })) };
  // Its keys are data, and differ from row to row.
  return { dtype: DataTypes.isMap(type) ? 'json' : 'string' };
}

/** JSON is YAML, but for characters that its readers want escaped. */
function yamlOf(feature: Feature): string {
  return JSON.stringify(feature).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
