/** A run that others are told the end of. */
import { sleep, systemClock } from '../../clock.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { type EndWords, endWords } from './end-words.ts';
import { type CliIo, writeLines } from './process.ts';
import { type EndHook, tellEnd } from './tell-end.ts';

/**
 * Do a run and tell its end, however that comes.
 * @param work - calls back with the summary
 */
export async function withEndHooks(
  command: EndWords['command'],
  hooks: readonly EndHook[],
  output: string,
  io: CliIo,
  work: (told: (summary: JobSummary) => void) => Promise<number>,
): Promise<number> {
  let summary: JobSummary | undefined;
  const tell = (error?: unknown): Promise<void> =>
    tellEnd(
      hooks,
      endWords(command, output, { summary, error }),
      (line) => writeLines(io.stderr, [line]),
      (ms) => sleep(systemClock, ms),
    );
  try {
    const code = await work((told) => {
      summary = told;
    });
    await tell();
    return code;
  } catch (error) {
    await tell(error);
    throw error;
  }
}
