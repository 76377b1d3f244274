/** What reads tables within other files: loaded in one, when there is such a file. */
export { tablesInTar } from './tar-tables.ts';
export { tableOfXml } from './xml-table.ts';
export { tablesInZip } from './zip-tables.ts';
