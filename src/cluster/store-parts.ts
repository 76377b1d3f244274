/** What a job in an object store needs, loaded only for one. */
export { openOutputStore } from '../job/store/open-output.ts';
export { readStoreJob } from '../job/store/store-job.ts';
export { storeToHold } from './held-store-site.ts';
export { clusterFolder, StoreSite } from './store-site.ts';
