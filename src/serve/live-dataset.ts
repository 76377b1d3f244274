/** The live page of a dataset that lies there, finished or not, whoever writes to it. */
import { idleClock } from '../clock.ts';
import type { JobView } from '../job/view/job-view.ts';
import { Live } from './live.ts';
import { DatasetWatch } from './watch/dataset-watch.ts';
import { LiveBook } from './watch/live-book.ts';

const ELSEWHERE = 'this page looks at what lies there; a run with --serve has a page with buttons';
const NO_PICTURES = 'pictures are shown by the page of a run';

/** Show it until the signal. @param address - as `--serve` was given. Errors: FDC_ERR_CONFIG_INVALID; FDC_ERR_DEST_IO. */
export async function serveDataset(
  address: string,
  view: JobView,
  signal: AbortSignal,
  onLines: (lines: readonly string[]) => void,
): Promise<void> {
  const most = Number.POSITIVE_INFINITY;
  const refused = { drain: ELSEWHERE, pause: ELSEWHERE, hosts: ELSEWHERE };
  const book = new LiveBook({
    ...{ kind: 'dataset', output: view.out, clock: idleClock, cores: most, maxInFlight: most },
    controls: () => ({ refused, isPaused: false, rules: [] }),
    picturesRefused: NO_PICTURES,
  });
  const live = await Live.open(address, { book, controls: {}, close: () => {} });
  try {
    onLines(live.lines);
    await new DatasetWatch(book, view, idleClock).run(signal);
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  } finally {
    live.close('The page has ended.', 'stopped');
  }
}
