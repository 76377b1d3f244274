/** Files that a job in an object store keeps of itself. */
import { finalStore, type StoreArea } from '../../destination/store/store-layout.ts';
import { SEALS, type StateFiles } from '../state-files.ts';
import { nameOfKey } from './state-keys.ts';

/** A bit for each of eight billion rows, and more than any list of rows. */
const MOST_BYTES = 2 ** 30;

/** Of a job in an object store. Errors: those of the store. */
export function storeState(area: StoreArea): StateFiles {
  const { state } = area;
  return {
    nameOf: (file) => nameOfKey(state, file),
    async read(file) {
      const content = await state.read(file, MOST_BYTES);
      return content === undefined ? undefined : Buffer.from(content);
    },
    write: (file, content) => state.put(file, content),
    async unseal() {
      for (const name of SEALS) await finalStore(area, name).remove([name]);
    },
  };
}
