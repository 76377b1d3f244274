/** Export: rows of a dataset's outcome tables as one file. */
import { existsSync } from 'node:fs';
import { resolveConfig } from '../../config/resolve.ts';
import { exportRows } from '../../dataset/latest/export-rows.ts';
import { rowFilter } from '../../dataset/latest/row-filter.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { defineCommand } from '../args/define-command.ts';
import { EXIT, writeLines } from '../terminal/process.ts';

/** `export`: of a dataset, finished or not, in a folder or in a store. */
export const exportCommand = defineCommand({
  name: 'export',
  summary:
    'Write the rows of a dataset, or those that a filter means, as one table: what became of each, with the ' +
    "manifest's columns. Of rows that were fetched again, as they are now.",
  usage: 'export DEST [--where FILTER] -o FILE.csv|FILE.parquet',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc export DEST -o rows.csv' },
  async run({ config, positionals }, io) {
    const { output: path, where = [] } = config;
    const { store } = resolveConfig(config, 'export');
    if (path === undefined || !/\.(csv|parquet)$/i.test(path))
      throw new FlowDcError('FDC_ERR_USAGE', 'export: say which file to write, .csv or .parquet: -o rows.csv');
    if (existsSync(path))
      throw new FlowDcError('FDC_ERR_USAGE', `export: ${path} is there already; name another file with -o`);
    const filter = rowFilter(typeof where === 'string' ? [where] : where, 'export');
    const { out, files, decided, close } = await viewJob(positionals[0] as string, store);
    try {
      const rows = await exportRows({ files, records: () => decided.records() }, filter, path, io.signal);
      writeLines(io.stderr, [
        rows === 0 ? `no row of ${out} is meant: nothing written` : `${count(rows)} rows: ${path}`,
      ]);
      return EXIT.done;
    } finally {
      await close();
    }
  },
});
