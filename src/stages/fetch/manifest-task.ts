/** A row whose URL is a manifest of the IIIF Presentation API: it is read, and the row is its first picture. */
import { firstPicture, MAX_MANIFEST_BYTES } from './iiif-manifest.ts';
import type { RowEnd } from './row-end.ts';
import type { FetchTask, Stoppable } from './row-work.ts';

/** Whom a manifest's task asks, and who takes the manifest's bytes back. */
export interface ManifestAsker {
  add(task: FetchTask): void;
  drop(body: NonNullable<RowEnd['held']>): void;
}

export class ManifestTask implements FetchTask {
  readonly takesText = true;
  readonly #task: FetchTask;
  readonly #engine: ManifestAsker;
  readonly #goOn: (picture: FetchTask) => void;
  #attempts = 0;

  /** @param goOn - ask for the picture */
  constructor(task: FetchTask, engine: ManifestAsker, goOn: (picture: FetchTask) => void) {
    this.#task = task;
    this.#engine = engine;
    this.#goOn = goOn;
  }

  get url(): string {
    return this.#task.url;
  }

  get rowNumber(): number | undefined {
    return this.#task.rowNumber;
  }

  get headers(): FetchTask['headers'] {
    return this.#task.headers;
  }

  isDropped(): boolean {
    return this.#task.isDropped();
  }

  onAttempt(flight: Stoppable, attempts: number): void {
    this.#attempts = attempts;
    this.#task.onAttempt(flight, attempts);
  }

  end(end: RowEnd): void {
    const { held } = end;
    if (end.status !== 'fetched' || held === undefined) return this.#task.end(end);
    // What calls itself a manifest and is a picture is the row's.
    if (end.accepted?.contentType.startsWith('image/') === true) return this.#task.end(end);
    const text = held.size > MAX_MANIFEST_BYTES ? '' : Buffer.concat([...held.pieces]).toString('utf8');
    this.#engine.drop(held);
    const found = firstPicture(text);
    if (found === undefined) {
      const message = 'no manifest of IIIF with a picture in it';
      return this.#task.end({
        ...end,
        status: 'failed',
        code: 'not_media',
        message,
        held: undefined,
        accepted: undefined,
      });
    }
    const url = found.service === undefined ? found.picture : `${found.service}/info.json`;
    this.#goOn(new PictureTask(this.#task, url as string, this.#attempts, found.pages > 1));
  }
}

/** Its first picture, with what it took to find it. */
class PictureTask implements FetchTask {
  readonly url: string;
  readonly rowNumber: number | undefined;
  readonly #task: FetchTask;
  readonly #attempts: number;
  readonly #isOneOfMany: boolean;

  constructor(task: FetchTask, url: string, attempts: number, isOneOfMany: boolean) {
    this.url = url;
    this.rowNumber = task.rowNumber;
    this.#task = task;
    this.#attempts = attempts;
    this.#isOneOfMany = isOneOfMany;
  }

  isDropped(): boolean {
    return this.#task.isDropped();
  }

  onAttempt(flight: Stoppable, attempts: number): void {
    this.#task.onAttempt(flight, this.#attempts + attempts);
  }

  end(end: RowEnd): void {
    const attempts = this.#attempts + end.attempts;
    const flags = [...(end.accepted?.flags ?? []), ...(this.#isOneOfMany ? ['first_page'] : [])];
    const accepted = end.accepted && { ...end.accepted, flags };
    this.#task.end({ ...end, attempts, accepted });
  }
}
