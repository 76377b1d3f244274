/** Which law moves a host's limit. */

import type { Clock } from '../../clock.ts';
import type { FetchSettings, HostRule, PaarcSettings as PaarcSlice } from '../../config/types.ts';
import {
  defaultOriginalSettings,
  defaultPaarcSettings,
  FixedLimit,
  type Limit,
  OriginalLimit,
  PaarcLimit,
  type PaarcSettings,
} from '../../paarc/index.ts';
import { RateCap } from './rate-cap.ts';

type LawSettings = Pick<FetchSettings, 'enablePaarc' | 'law' | 'perHostConcurrency' | 'perHostRate'>;

/** A factory of limits, one per host. A host's own rule caps whatever the law finds. */
export function createLimits(
  settings: LawSettings,
  paarc: PaarcSlice,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
): (host: string, rule: HostRule) => Limit {
  if (!settings.enablePaarc || settings.law === 'fixed') {
    return (_host, rule) => {
      const permits = Math.min(settings.perHostConcurrency, rule.cMax ?? Number.POSITIVE_INFINITY);
      return new FixedLimit(permits, rule.requestsPerSecond ?? settings.perHostRate);
    };
  }
  const all = lawSettings(defaultPaarcSettings, paarc);
  // The slice's n_init is the new law's; the original's number is part of what is compared.
  const original = { ...lawSettings(defaultOriginalSettings, paarc), nInit: defaultOriginalSettings.nInit };
  return (_host, rule) => {
    const limit =
      settings.law === 'original'
        ? new OriginalLimit(cappedAt(original, rule.cMax), clock.nowMs())
        : new PaarcLimit(cappedAt(all, rule.cMax), random, clock.nowMs());
    return rule.requestsPerSecond === undefined ? limit : new RateCap(limit, rule.requestsPerSecond);
  };
}

/** The slice's options under the law's names; what the slice does not have keeps the law's default. */
function lawSettings<Settings extends object>(defaults: Settings, paarc: PaarcSlice): Settings {
  const known = Object.entries(paarc).filter(([name]) => name in defaults);
  return { ...defaults, ...Object.fromEntries(known) };
}

function cappedAt<Settings extends Pick<PaarcSettings, 'cInit' | 'cMin' | 'cMax'>>(settings: Settings, cMax: number | undefined): Settings {
  if (cMax === undefined) return settings;
  const cMin = Math.min(settings.cMin, cMax);
  return { ...settings, cMin, cMax, cInit: Math.min(Math.max(settings.cInit, cMin), cMax) };
}
