/** Everything that is wrong with a configuration, all at once. */
import { FlowDcError } from '../errors.ts';
import { type Canonical, canonicalConfig } from './canonical.ts';
import { nearest } from './nearest.ts';
import { SLICES } from './schema/key.ts';
import { CONFIG_KEYS, CONFIG_SCHEMA, KEY_OF_SPELLING, keysOfSlice } from './schema.ts';
import { type ObjectSchema, problemsOf } from './validate.ts';

const SCHEMA: ObjectSchema = { type: 'object', additionalProperties: false, properties: CONFIG_SCHEMA.properties };

/**
 * A configuration in own names and plain values, with everything that is wrong with its keys and their types.
 * @param spelling - how problems write a key; as in files when absent
 */
export function checkedConfig(given: Readonly<Record<string, unknown>>, spelling?: (key: string) => string): Canonical {
  const { config, problems } = canonicalConfig(given);
  return {
    config,
    problems: [
      ...problemsOf(SCHEMA, config, { kind: 'key', suggest: keyForUnknown, ...(spelling && { spelling }) }),
      ...problems,
    ],
  };
}

/** FDC_ERR_CONFIG_INVALID about a place such as a file's name, in one line however many problems there are. */
export function configInvalid(place: string, problems: readonly string[]): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', `${place}: ${problems.join('; ')}`, { issues: problems });
}

/** The key somebody meant who wrote the option of code (`timeoutMs`) or misspelt one of FLOW-DC's other names. */
function keyForUnknown(name: string): string | undefined {
  for (const slice of SLICES) {
    const entry = keysOfSlice(slice).find(({ option }) => option === name);
    if (entry !== undefined) return entry.key;
  }
  const spelling = nearest(name, KEY_OF_SPELLING.keys());
  return spelling === undefined || CONFIG_KEYS.has(spelling)
    ? spelling
    : `${spelling} (that is ${KEY_OF_SPELLING.get(spelling)})`;
}
