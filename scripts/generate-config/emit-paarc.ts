/** The text of src/paarc/settings.ts: what the controllers may be told, with their defaults. */
import type { Keys } from '../../src/config/schema/key.ts';
import { ORIGINAL_KEYS, SHARED_KEYS } from '../../src/config/schema/paarc.ts';
import { PAARC_NEW_KEYS } from '../../src/config/schema/paarc-new.ts';
import { optionsSchema } from '../../src/config/stage-settings.ts';
import { header, interfaceText } from './emit-members.ts';

/** The text of src/paarc/settings.ts. */
export function emitPaarc(): string {
  return [
    header('What the controllers may be told, with their defaults'),
    interfaceText(
      'SharedSettings',
      'What PAARC and the original controller may both be told.',
      members(SHARED_KEYS),
      'settings',
    ),
    extended(
      'PaarcSettings',
      'Settings of PAARC. Times in ms, rates in requests per second, ratios without unit.',
      PAARC_NEW_KEYS,
    ),
    extended('OriginalSettings', 'Settings of the original controller, under the names of FLOW-DC.', ORIGINAL_KEYS),
    defaults(
      "PAARC's defaults: those of FLOW-DC's notebook, else the simulated ones.",
      'PaarcSettings',
      PAARC_NEW_KEYS,
    ),
    defaults("The original's defaults: those of FLOW-DC's notebook.", 'OriginalSettings', ORIGINAL_KEYS),
  ].join('\n');
}

function extended(name: string, doc: string, keys: Keys): string {
  return interfaceText(name, doc, members(keys), 'settings').replace(`${name} {`, `${name} extends SharedSettings {`);
}

function defaults(doc: string, type: string, keys: Keys): string {
  const { properties } = optionsSchema('paarc');
  const lines = [...members(SHARED_KEYS), ...members(keys)].map(
    ([option]) => `  ${option}: ${numberText(Number(properties[option]?.default))},\n`,
  );
  return `/** ${doc} */\nexport const default${type}: ${type} = Object.freeze({\n${lines.join('')}});\n`;
}

/** Options of keys that have one. */
function members(keys: Keys) {
  return Object.values(keys).flatMap((schema) =>
    schema.fdc.option === undefined ? [] : [[schema.fdc.option, schema] as const],
  );
}

/** 30_000, as the linter wants it. */
function numberText(value: number): string {
  return value >= 10_000 ? value.toLocaleString('en-US').replaceAll(',', '_') : String(value);
}
