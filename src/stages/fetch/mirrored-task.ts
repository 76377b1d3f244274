/** A row with several URLs of the same file: the next one is asked when the one before has failed for good. */
import { INVALID_HOST } from '../../host/host.ts';
import { isTransient } from '../../row-codes.ts';
import { iiifUrls, SIZE_REFUSALS } from './iiif.ts';
import { isIiifManifest } from './iiif-manifest.ts';
import { type ManifestAsker, ManifestTask } from './manifest-task.ts';
import type { RowEnd } from './row-end.ts';
import type { FetchTask, Stoppable } from './row-work.ts';

/** What an owner says of the file is meant for it wherever it lies. */
const SAID_OF_THE_FILE: ReadonlySet<string> = new Set(['robots_tag', 'type_not_wanted']);

/**
 * Ask for a row, by all of its URLs where it has several.
 * @param iiifSize - in which size pictures of the IIIF Image API are wanted; undefined: as their URLs say
 */
export function addRow(task: FetchTask, engine: ManifestAsker, iiifSize: string | undefined): void {
  const { url, mirrors = [] } = task;
  if (iiifSize === undefined && mirrors.length === 0) return engine.add(task);
  if (iiifSize !== undefined && task.wants === undefined && isIiifManifest(url))
    return engine.add(new ManifestTask(task, engine, (picture) => addRow(picture, engine, iiifSize)));
  const sized = iiifSize === undefined ? undefined : iiifUrls(url, iiifSize);
  if (sized === undefined && mirrors.length === 0) return engine.add(task);
  const [first, ...others] = sized ?? [url];
  const isAlone = mirrors.length === 0;
  engine.add(new MirroredTask(task, first, [...others, ...mirrors], engine, isAlone ? SIZE_REFUSALS : undefined));
}

/** One URL after the other, each with all attempts of a row, at its own host's gate. The row's end is that of one of them. */
class MirroredTask implements FetchTask {
  readonly #task: FetchTask;
  readonly #left: string[];
  readonly #engine: Pick<ManifestAsker, 'add'>;
  readonly #failed: RowEnd[] = [];
  readonly #onlyAfter: ReadonlySet<string> | undefined;
  #attempts = 0;
  url: string;

  /** @param onlyAfter - codes behind which the next URL is worth asking; undefined: all */
  constructor(
    task: FetchTask,
    url: string,
    others: readonly string[],
    engine: ManifestAsker,
    onlyAfter: ReadonlySet<string> | undefined,
  ) {
    this.#task = task;
    this.url = url;
    this.#left = [...others];
    this.#engine = engine;
    this.#onlyAfter = onlyAfter;
  }

  get rowNumber(): number | undefined {
    return this.#task.rowNumber;
  }

  get headers(): FetchTask['headers'] {
    return this.#task.headers;
  }

  get wants(): FetchTask['wants'] {
    return this.#task.wants;
  }

  isDropped(): boolean {
    return this.#task.isDropped();
  }

  onAttempt(flight: Stoppable, attempts: number): void {
    this.#task.onAttempt(flight, this.#attempts + attempts);
  }

  end(end: RowEnd): void {
    const { status, code = '' } = end;
    const isOver = status === 'fetched' || SAID_OF_THE_FILE.has(code) || this.#onlyAfter?.has(code) === false;
    const next = isOver ? undefined : this.#left.shift();
    if (next === undefined) return this.#task.end(this.#whole(end));
    this.#failed.push(end);
    this.#attempts += end.attempts;
    this.url = next;
    this.#engine.add(this);
  }

  /** How the row ends: with what all of its URLs took, and the code that leaves most hope. */
  #whole(last: RowEnd): RowEnd {
    const failed = this.#failed;
    if (failed.length === 0) return last;
    const attempts = this.#attempts + last.attempts;
    const queueMs = [...failed, last].reduce((sum, end) => sum + (end.queueMs ?? 0), 0);
    if (last.status === 'fetched') {
      const message = `URL ${failed.length + 1} of ${failed.length + 1 + this.#left.length}; before it ${told(failed)}`;
      const accepted = last.accepted && { ...last.accepted, flags: [...(last.accepted.flags ?? []), 'mirror'] };
      return { ...last, attempts, queueMs, message, accepted };
    }
    if (SAID_OF_THE_FILE.has(last.code ?? '')) return { ...last, attempts, queueMs };
    const all = [...failed, last];
    const meant = all.find(({ code }) => code !== undefined && isTransient(code)) ?? (all[0] as RowEnd);
    return { ...meant, attempts, queueMs, message: `${meant.message}; all ${all.length} URLs failed: ${told(all)}` };
  }
}

function told(ends: readonly RowEnd[]): string {
  return ends.map(({ code, host }) => (host === INVALID_HOST ? code : `${code} at ${host}`)).join(', ');
}
