/** Stops a run of which too much fails: what is wrong with all of it is worth a look before the rest is tried. */
import type { RunSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import { count, percent } from '../format.ts';
import type { UnitRecord } from '../record.ts';
import { adviceFor, meaningOf } from '../report/advice.ts';
import { subscribe } from '../telemetry/channels.ts';

/** Hosts that are told apart; failures of more are counted, but not by host. */
const MAX_HOSTS = 10_000;
const SHOWN = 3;

/** Codes of rows that were left out by somebody's will, in a record beside those that failed. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['robots_tag', 'type_not_wanted', 'host_skipped', 'duplicate_url', 'already_stored', 'no_label', 'removed'],
]);

type FailureSettings = Pick<RunSettings, 'stopAboveFailureRate' | 'stopAfterRows'>;

interface HostRows {
  rows: number;
  failed: number;
}

export class FailureWatch {
  readonly #settings: FailureSettings;
  readonly #onOver: (error: FlowDcError) => void;
  readonly #codes = new Map<string, number>();
  readonly #hosts = new Map<string, HostRows>();
  #rows = 0;
  #failed = 0;
  /** Why the run was stopped. */
  error: FlowDcError | undefined;

  /** @param onOver - told once */
  constructor(settings: FailureSettings, onOver: (error: FlowDcError) => void) {
    this.#settings = settings;
    this.#onOver = onOver;
  }

  /** Count the rows of this process. @returns how to stop */
  listen(): () => void {
    if (this.#settings.stopAboveFailureRate >= 1) return () => {};
    return subscribe('flow-dc:row', ({ status, code, host }) => {
      const failed = status === 'failed' ? 1 : 0;
      const known = this.#hosts.get(host);
      if (known !== undefined) {
        known.rows += 1;
        known.failed += failed;
      } else if (this.#hosts.size < MAX_HOSTS) this.#hosts.set(host, { rows: 1, failed });
      this.note(1, failed === 0 || code === undefined ? {} : { [code]: 1 });
    });
  }

  /** A unit that others have settled. */
  noteRecord({ rows, failed, errors }: Pick<UnitRecord, 'rows' | 'failed' | 'errors'>): void {
    const codes = Object.entries(errors).filter(([code]) => !LEFT_OUT.has(code));
    const named = codes.reduce((sum, [, number]) => sum + number, 0);
    this.note(rows, failed === 0 ? {} : named === failed ? Object.fromEntries(codes) : { unit_failed: failed });
  }

  /** Rows that were settled. @param failures - of those that failed, by code */
  note(rows: number, failures: Readonly<Record<string, number>>): void {
    this.#rows += rows;
    for (const [code, failed] of Object.entries(failures)) {
      this.#failed += failed;
      this.#codes.set(code, (this.#codes.get(code) ?? 0) + failed);
    }
    const { stopAboveFailureRate, stopAfterRows } = this.#settings;
    if (this.error !== undefined || this.#rows < stopAfterRows) return;
    if (this.#failed / this.#rows <= stopAboveFailureRate) return;
    this.error = this.#verdict();
    this.#onOver(this.error);
  }

  #verdict(): FlowDcError {
    const codes = [...this.#codes].sort(([, a], [, b]) => b - a);
    const [worst = ''] = codes[0] ?? [];
    const { cause, next } = adviceFor(worst, { manifest: 'MANIFEST', unfinished: 'DEST' });
    const hosts = [...this.#hosts].filter(([, { failed }]) => failed > 0).sort(([, a], [, b]) => b.failed - a.failed);
    const shown = hosts
      .slice(0, SHOWN)
      .map(([host, { rows, failed }]) => `${host} (${count(failed)} of ${count(rows)})`);
    const more = hosts.length > SHOWN ? ` and ${count(hosts.length - SHOWN)} more hosts` : '';
    const where = shown.length === 0 ? '' : `; at ${shown.join(', ')}${more}`;
    const what = codes.slice(0, SHOWN).map(([code, rows]) => `${count(rows)} ${code}`);
    const flags = next?.split(' ').slice(3).join(' ') ?? '';
    return new FlowDcError(
      'FDC_ERR_FAILURE_RATE',
      `stopped: ${percent(this.#failed / this.#rows)} of ${count(this.#rows)} rows failed: ${what.join(', ')}${where}`,
      {
        advice:
          `; ${worst}: ${meaningOf(worst)}: most likely ${cause}. Nothing is lost: the same command goes on` +
          `${flags === '' ? '' : `, perhaps with ${flags}`}, or with a higher --stop-above-failure-rate`,
      },
    );
  }
}
