/**
 * Every number of the law, with its unit in the name. The first block keeps the names of the original PAARC;
 * `docs/paarc.md` maps paper symbol to option to file. Times in ms, rates in requests per second, ratios without unit.
 */
export interface PaarcSettings {
  /** Requests in flight before anything is known (C_init). */
  readonly cInit: number;
  /** The limit never goes below (C_min). */
  readonly cMin: number;
  /** The limit never goes above (C_max). */
  readonly cMax: number;
  /** Part of the capacity found in STARTUP to go on with (mu). */
  readonly mu: number;
  /** Largest single cut of limit or rate (beta). */
  readonly beta: number;
  /** Median latency above this multiple of the host's own unloaded median means a queue (theta_50). */
  readonly theta50: number;
  /** 95th percentile above this multiple of the unloaded one means a queue (theta_95). */
  readonly theta95: number;
  /** As `theta50`, ends STARTUP. */
  readonly startupTheta50: number;
  /** As `theta95`, ends STARTUP. */
  readonly startupTheta95: number;
  /** Time between two looks at the unloaded latency (probe_rtt_period). */
  readonly probeRttPeriodMs: number;
  /** Part of the limit kept during such a look (probe_rtt_concurrency_factor). */
  readonly probeRttFactor: number;
  /** Least time in BACKOFF (cooldown_floor). */
  readonly cooldownFloorMs: number;
  /** Samples that end INIT (N_init). */
  readonly nInit: number;
  /** Samples of a full round (N_min). */
  readonly nMin: number;
  /** Least length of a round (T_floor). */
  readonly roundFloorMs: number;
  /** Growth per round in STARTUP. */
  readonly startupGain: number;
  /** Growth of a probe in PROBE_BW. */
  readonly probeGain: number;
  /** Limit kept above throughput times unloaded latency, so that a burst of short answers does not idle the host. */
  readonly headroom: number;
  /** Median latency ratio below which probing is cheap. */
  readonly qGrow: number;
  /** Overload results that make an overload; fewer are noise. */
  readonly errMin: number;
  /** Share of overload results in a round that makes an overload. */
  readonly errTolerance: number;
  /** Event loop utilisation above which we are the narrow place. */
  readonly clientElu: number;
  /** Part of a measured rate that is used. */
  readonly rateSafety: number;
  /** The rate search ends when upper over lower bound is below this. */
  readonly rateResolution: number;
  /** Growth of the rate at a probe. */
  readonly rateProbeGain: number;
  /** Share of requests that may be spent on 429s for probing the rate. */
  readonly rateBudget: number;
  /** How late results reach the law, beyond their own time; above 0 only behind a coordinator. */
  readonly feedbackDelayMs: number;
}

/**
 * Seed defaults where the original has the option, else the simulated ones. Source: scenario runs, docs/paarc.md
 * "results".
 */
export const defaultPaarcSettings: PaarcSettings = Object.freeze({
  cInit: 8,
  cMin: 2,
  cMax: 2000,
  mu: 1,
  beta: 0.7,
  theta50: 1.5,
  theta95: 2,
  startupTheta50: 3,
  startupTheta95: 4,
  probeRttPeriodMs: 30_000,
  probeRttFactor: 0.5,
  cooldownFloorMs: 2000,
  nInit: 20,
  nMin: 60,
  roundFloorMs: 200,
  startupGain: 2,
  probeGain: 1.25,
  headroom: 1.35,
  qGrow: 1.1,
  errMin: 3,
  errTolerance: 0.02,
  clientElu: 0.9,
  rateSafety: 0.98,
  rateResolution: 1.04,
  rateProbeGain: 1.25,
  rateBudget: 0.003,
  feedbackDelayMs: 0,
});

/**
 * Throws on settings the law cannot work with, naming all of them at once.
 * @throws RangeError
 */
export function assertPaarcSettings(settings: PaarcSettings): void {
  const problems: string[] = [];
  const need = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const { cMin, cInit, cMax } = settings;
  need(Number.isInteger(cMin) && cMin >= 1, `cMin: expected an integer >= 1, got ${cMin}`);
  need(Number.isInteger(cMax) && cMax >= cMin, `cMax: expected an integer >= cMin (${cMin}), got ${cMax}`);
  need(
    cInit >= cMin && cInit <= cMax,
    `cInit: expected a number between cMin (${cMin}) and cMax (${cMax}), got ${cInit}`,
  );
  for (const name of [
    'beta',
    'mu',
    'probeRttFactor',
    'rateSafety',
    'errTolerance',
    'rateBudget',
    'clientElu',
  ] as const) {
    need(settings[name] > 0 && settings[name] <= 1, `${name}: expected a number in (0, 1], got ${settings[name]}`);
  }
  for (const name of [
    'startupGain',
    'probeGain',
    'rateProbeGain',
    'headroom',
    'theta50',
    'theta95',
    'rateResolution',
  ] as const) {
    need(settings[name] > 1, `${name}: expected a number above 1, got ${settings[name]}`);
  }
  for (const name of [
    'probeRttPeriodMs',
    'cooldownFloorMs',
    'roundFloorMs',
    'feedbackDelayMs',
    'nInit',
    'nMin',
    'errMin',
  ] as const) {
    need(
      settings[name] >= 0 && Number.isFinite(settings[name]),
      `${name}: expected a number >= 0, got ${settings[name]}`,
    );
  }
  if (problems.length > 0) throw new RangeError(`PAARC settings: ${problems.join('; ')}`);
}

/** A configuration's options under the law's names; what it does not have keeps the law's default. */
export function lawSettings<Settings extends object>(defaults: Settings, options: object): Settings {
  const known = Object.entries(options).filter(([name]) => name in defaults);
  return { ...defaults, ...Object.fromEntries(known) };
}

/** Settings that never go above `cMax`, whatever they said before. */
export function cappedAt<Settings extends Pick<PaarcSettings, 'cInit' | 'cMin' | 'cMax'>>(
  settings: Settings,
  cMax: number | undefined,
): Settings {
  if (cMax === undefined) return settings;
  const cMin = Math.min(settings.cMin, cMax);
  return { ...settings, cMin, cMax, cInit: Math.min(Math.max(settings.cInit, cMin), cMax) };
}
