/** Whether a body becomes a result: looked at as its row asks, decoded where that is wanted. */
import { isShortage } from '../../../open-files.ts';
import { type Acceptance, type AcceptOptions, ANYTHING, acceptBody, type ReceivedBody } from './accept-body.ts';
import { shortageText } from './attempt-error.ts';
import type { CollectedBody } from './body-collector.ts';
import type { DecodeCheck } from './decode-check.ts';

export class Verdicts {
  readonly #options: AcceptOptions;
  readonly #decoding: DecodeCheck | undefined;
  readonly #drop: (held: CollectedBody) => void;

  /** @param drop - gives back what a body holds that nobody wants any more */
  constructor(options: AcceptOptions, decoding: DecodeCheck | undefined, drop: (held: CollectedBody) => void) {
    this.#options = options;
    this.#decoding = decoding;
    this.#drop = drop;
  }

  /** At once where nothing of it is on disk or has to be decoded. Rejects for faults of ours but a shortage. */
  of(
    body: ReceivedBody,
    { rowNumber, takesText }: { readonly rowNumber?: number | undefined; readonly takesText?: boolean | undefined },
  ): Acceptance | Promise<Acceptance> {
    const options = takesText === true ? { ...this.#options, ...ANYTHING } : this.#options;
    const seen = acceptBody(body, rowNumber, options, this.#drop);
    const acceptance = this.#decoding === undefined ? seen : this.#decoding.check(seen);
    if (!(acceptance instanceof Promise)) return acceptance;
    return acceptance.catch((error: Error): Acceptance => {
      if (isShortage(error)) return { ok: false, code: 'local_shortage', message: shortageText(error), held: body };
      this.#drop(body);
      throw error;
    });
  }
}
