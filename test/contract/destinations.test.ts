import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'vitest';
import { FolderDestination } from '../../src/destination/folder-destination.ts';
import { StoreDestination } from '../../src/destination/store/store-destination.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { keysOf, openTestStore } from '../integration/store/test-store.ts';
import { MemoryBucket } from '../support/memory-store.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { destinationContract, type Layout, type TestPlace } from './destination-contract.ts';

describe('a local folder', () => {
  destinationContract(async (layout) => {
    const output = join(await tempFolder(), 'out');
    const state = layout === 'shards' ? join(output, '.flow-dc') : `${output}.flow-dc`;
    return {
      open: (onStep) => new FolderDestination(output, { layout, onStep }),
      visible: async () => filesBelow(output),
      read: (name) => readFile(join(output, name)),
      leftovers: () => readdir(join(state, 'staging')),
    };
  });
});

describe('an object store in memory', () => {
  destinationContract(async (layout) => storePlace(new MemoryBucket().store('a'), layout));
});

describe('a quick gateway', () => {
  destinationContract(async (layout) => storePlace(await openTestStore(await testS3Gateway('s3rver'), 'a/b'), layout));
});

describeS3('a gateway', () => {
  destinationContract(async (layout) => storePlace(await openTestStore(await testS3Gateway(), 'a/b'), layout));
});

async function storePlace(store: ObjectStore, layout: Layout): Promise<TestPlace> {
  const state = store.beside(layout === 'shards' ? '/.flow-dc' : '.flow-dc');
  const localFolder = await tempFolder();
  return {
    open: (onStep) => new StoreDestination(store, { layout, localFolder, onStep }),
    visible: async () => (await keysOf(store, '')).filter((key) => !key.startsWith('.flow-dc/')),
    read: async (name) => Buffer.from((await store.read(name)) ?? []),
    leftovers: async () => {
      const uploads: string[] = [];
      for (const of of [store, state]) for await (const { key } of of.uploads('')) uploads.push(key);
      return [...(await keysOf(state, 'staging/')), ...uploads];
    },
  };
}

async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files: string[] = [];
  for (const name of names)
    if ((await stat(join(folder, name))).isFile() && !name.startsWith('.flow-dc')) files.push(name);
  return files.sort();
}
