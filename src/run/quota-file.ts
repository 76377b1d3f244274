/** quotas.json: what hosts with a quota have given in the last day, written down before it is asked of them. */
import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '../destination/destination.ts';
import { writeAtomically } from '../destination/disk.ts';
import { nameOfKey, readText, STATE_KEYS } from '../job/store/state-keys.ts';
import { schemaCheck } from '../json-schema.ts';
import { MAX_HOSTS, type QuotaBook, type SpentRecord, spentSchema } from '../quota/quota-book.ts';
import type { ObjectStore } from '../store/object-store.ts';

const FORMAT = 'flow-dc quotas';
const FORMAT_VERSION = 1;
/** As many hosts as are remembered, with bytes in every minute of a day, take less. */
const MAX_BYTES = 64 * 1_048_576;

interface QuotaContent {
  readonly format: string;
  readonly version: number;
  readonly hosts: readonly SpentRecord[];
}

const matches = schemaCheck<QuotaContent>({
  type: 'object',
  required: ['format', 'version', 'hosts'],
  properties: {
    format: { const: FORMAT },
    version: { const: FORMAT_VERSION },
    hosts: { type: 'array', maxItems: MAX_HOSTS, items: spentSchema },
  },
});

/** Where it is kept. */
export interface QuotaPlace {
  /** For messages. */
  readonly name: string;
  /** @returns undefined when there is none */
  read(): Promise<string | undefined>;
  /** As a whole or not at all; there for good when it resolves. */
  write(text: string): Promise<void>;
}

export function quotasInFolder(path: string): QuotaPlace {
  return {
    name: path,
    read: async () => {
      try {
        if ((await stat(path)).size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
        return await readFile(path, 'utf8');
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (text) => writeAtomically(path, text),
  };
}

export function quotasInStore(state: ObjectStore): QuotaPlace {
  return {
    name: nameOfKey(state, STATE_KEYS.quotas),
    read: () => readText(state, STATE_KEYS.quotas, MAX_BYTES),
    write: async (text) => void (await state.put(STATE_KEYS.quotas, Buffer.from(text))),
  };
}

/**
 * Go on with what earlier runs have written there, and write there from now on.
 * @param onNotice - told once when that fails later; the dataset does not depend on it
 * @returns notices for the user: one when what is there cannot be used
 */
export async function keepQuotas(
  book: QuotaBook,
  place: QuotaPlace,
  onNotice: (notice: string) => void = () => {},
): Promise<readonly string[]> {
  let hasFailed = false;
  book.keepBy(async (hosts) => {
    const content: QuotaContent = { format: FORMAT, version: FORMAT_VERSION, hosts };
    try {
      await place.write(`${JSON.stringify(content)}\n`);
    } catch (error) {
      if (!hasFailed) onNotice(`${place.name}: not written (${(error as Error).message}); ${ANEW}`);
      hasFailed = true;
    }
  });
  try {
    const text = await place.read();
    if (text === undefined) return [];
    const content: unknown = JSON.parse(text);
    if (!matches(content)) return [`${place.name}: ignored (no quotas of this version); quotas of hosts begin anew`];
    book.restore(content.hosts);
    return [];
  } catch (error) {
    return [`${place.name}: ignored (${(error as Error).message}); quotas of hosts begin anew`];
  }
}

const ANEW = 'the next run may not know what hosts with a quota have given';
