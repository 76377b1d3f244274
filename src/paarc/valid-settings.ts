/** What a controller must be able to work with: settings checked, capped, and with the delay of a coordinator. */
import type { PaarcSettings } from './settings.ts';

/** PAARC's settings, what somebody knows of the host, and how late it hears of results. */
export interface DelayedSettings extends PaarcSettings {
  /** How late results reach the controller, beyond their own time; 0 when absent, more only behind a coordinator. */
  readonly feedbackDelayMs?: number | undefined;
  /** A rate that somebody has set or knows, of which `rateSafety` is used; absent or Infinity for none. */
  readonly maxRequestsPerSecond?: number | undefined;
}

const SHARES = ['beta', 'mu', 'probeRttFactor', 'rateSafety', 'errTolerance', 'rateBudget', 'clientElu'] as const;
const GROWTHS = [
  'startupGain',
  'probeGain',
  'rateProbeGain',
  'headroom',
  'theta50',
  'theta95',
  'rateResolution',
] as const;
const AMOUNTS = [
  'probeRttPeriodMs',
  'cooldownFloorMs',
  'roundFloorMs',
  'feedbackDelayMs',
  'nInit',
  'nMin',
  'errMin',
] as const;

/**
 * Throws on settings that PAARC cannot work with, naming all of them at once.
 * @throws RangeError
 */
export function assertPaarcSettings(settings: DelayedSettings): void {
  const problems: string[] = [];
  const { feedbackDelayMs = 0, maxRequestsPerSecond = Number.POSITIVE_INFINITY } = settings;
  const given = { ...settings, feedbackDelayMs, maxRequestsPerSecond };
  const need = (name: keyof typeof given, expected: string, holds: (value: number) => boolean): void => {
    if (!holds(given[name])) problems.push(`${name}: expected ${expected}, got ${given[name]}`);
  };
  const { cMin, cMax } = given;
  need('cMin', 'an integer >= 1', (value) => Number.isInteger(value) && value >= 1);
  need('cMax', `an integer >= cMin (${cMin})`, (value) => Number.isInteger(value) && value >= cMin);
  need('cInit', `a number between cMin (${cMin}) and cMax (${cMax})`, (value) => value >= cMin && value <= cMax);
  need('maxRequestsPerSecond', 'a number above 0', (value) => value > 0);
  for (const name of SHARES) need(name, 'a number in (0, 1]', (value) => value > 0 && value <= 1);
  for (const name of GROWTHS) need(name, 'a number above 1', (value) => value > 1);
  for (const name of AMOUNTS) need(name, 'a number >= 0', (value) => value >= 0 && Number.isFinite(value));
  if (problems.length > 0) throw new RangeError(`PAARC settings: ${problems.join('; ')}`);
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
