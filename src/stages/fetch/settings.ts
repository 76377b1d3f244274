/**
 * From options to what the engine runs on: files read, rules parsed, connector built. Misuse throws here, at
 * construction.
 */
import { type Clock, systemClock } from '../../clock.ts';
import { stageSettings } from '../../config/stage-settings.ts';
import type { FetchOptions, FetchSettings, PaarcOptions } from '../../config/types.ts';
import { atOnce, FlowDcError } from '../../errors.ts';
import type { HostLimits } from '../../host-limits.ts';
import type { PoisonNotes } from '../../job/poison-notes.ts';
import type { RemovedUrls } from '../../job/removed-urls.ts';
import type { Connector } from '../../network/connector.ts';
import { createHostRules, type KnownRule } from '../../network/host-rules.ts';
import { createConnector, createResolver, parsed, userAgentOf } from '../../network/network-settings.ts';
import { headerRecord } from '../../network/request-headers.ts';
import type { NameResolver } from '../../network/resolver.ts';
import { type FileShares, openFileLimit, shareFiles } from '../../open-files.ts';
import type { Limit, Transition } from '../../paarc/limit.ts';
import { withQuotas } from '../../quota/quota-limit.ts';
import type { RowCode } from '../../row-codes.ts';
import type { S3Settings } from '../../store/s3/settings.ts';
import { RowPulse } from '../../structures/row-pulse.ts';
import type { TroubleHooks } from './own-troubles.ts';
import type { Timing } from './reply/attempt-terms.ts';
import { SpillFolder } from './reply/body-memory.ts';
import { createLimits, ownLimits } from './schedule/create-limits.ts';
import { HostProfiles } from './schedule/host-profiles.ts';

const ALMOST_ONE = 1 - Number.EPSILON;

/** Options of both fetch stages: the `fetch` slice of the configuration and what only a program can give. */
export interface FetchStageOptions extends FetchOptions {
  /** The law's parameters, for `law: 'paarc'` and `'original'`. */
  readonly paarc?: PaarcOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1); jitter of retries and pauses. */
  readonly random?: (() => number) | undefined;
  /** Folder for bodies above `spillBytes`; a fresh one in the system's temporary folder by default. */
  readonly spillFolder?: string | undefined;
  /** Your own law, per host, in place of PAARC. */
  readonly createLimit?: ((host: string) => Limit) | undefined;
  /**
   * Limits that come from elsewhere, such as budgets shared with other machines; in place of `createLimit` and every
   * law.
   */
  readonly hostLimits?: HostLimits | undefined;
  /**
   * What PAARC knows of hosts from before, and adds to as hosts are forgotten and when the stage ends; the stage's own
   * by default.
   */
  readonly hostProfiles?: HostProfiles | undefined;
  /**
   * When a body's bytes leave the memory budget: as the result is read from the stage (default), or when the consumer
   * calls `release()`, which bounds memory more tightly but must not be forgotten.
   */
  readonly bodyRelease?: 'on-read' | 'by-sink' | undefined;
  /**
   * Where an earlier run, and this one when it winds down, puts units aside that are half done. Their rows are not
   * fetched again, and `windDown` gives requests in flight `graceMs`.
   */
  readonly kept?: KeptUnitsOptions | undefined;
  /** Rows that ended whoever looked at them; a stage by itself has none. */
  readonly poison?: PoisonNotes | undefined;
  /** Rows that were taken out of the dataset for good, and are not asked for again; called when the first unit is here. */
  readonly removed?: (() => RemovedUrls | undefined) | undefined;
  /** Where others see which row's bytes are being looked at. */
  readonly pulse?: RowPulse | undefined;
  /** Told that rows are held because there seems to be no network, in place of the channel `flow-dc:network`. */
  readonly onNetwork?: ((isHeld: boolean) => void) | undefined;
  /** How the stores of rows with s3 and gs URLs are reached, where these are allowed. */
  readonly store?: S3Settings | undefined;
  /** Files and sockets that the stage may have its part of; what the process may have open by default. */
  readonly openFiles?: number | undefined;
}

export interface KeptUnitsOptions {
  readonly folder: string;
  readonly graceMs: number;
}

export interface EngineSettings extends Omit<FetchSettings, 'hosts' | 'headers' | 'userAgent'>, FileShares {
  readonly clock: Clock;
  readonly random: () => number;
  readonly connector: Connector;
  readonly resolver: NameResolver;
  readonly policyOf: (host: string) => KnownRule;
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly spill: SpillFolder;
  readonly profiles: HostProfiles;
  readonly pulse: RowPulse;
  readonly store: S3Settings;
}

/** Whom the engine tells. */
export interface EngineHooks extends TroubleHooks {
  readonly onHungry: () => void;
  readonly onTransition: (host: string, transition: Transition) => void;
  readonly onAttempt: (host: string, code: RowCode | undefined, timing: Timing) => void;
  readonly onFatal: (error: Error) => void;
}

/** Errors: FDC_ERR_CONFIG_INVALID. */
export function engineSettings(options: FetchStageOptions): EngineSettings {
  if (typeof (options as unknown) !== 'object' || options === null)
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', `fetch: expected options, got ${String(options)}`);
  const {
    paarc: _paarc,
    signal: _signal,
    clock = systemClock,
    random = Math.random,
    spillFolder,
    createLimit: _limit,
    hostLimits: _limits,
    hostProfiles = new HostProfiles(clock),
    bodyRelease: _release,
    poison: _poison,
    removed: _removed,
    pulse = new RowPulse(),
    onNetwork: _onNetwork,
    kept: _kept,
    store = {},
    openFiles = openFileLimit(),
    ...slice
  } = options;
  const settings = stageSettings('fetch', slice);
  const shares = shareFiles(openFiles, settings);
  const resolver = createResolver(settings, clock);
  // Found out now rather than with every request to that host.
  for (const rule of Object.values(settings.hosts)) parsed(() => headerRecord(rule.headers ?? []));
  return {
    ...settings,
    ...shares,
    clock,
    random: () => within(atOnce(random(), 'random')),
    resolver,
    connector: createConnector(settings, resolver, clock),
    robotsTags: settings.robotsTags.map((tag) => tag.toLowerCase()),
    policyOf: createHostRules(settings),
    headers: parsed(() => headerRecord(settings.headers)),
    userAgent: userAgentOf(settings),
    spill: new SpillFolder(spillFolder, shares.maxSpills),
    profiles: hostProfiles,
    pulse,
    store,
  };
}

/** Whoever keeps the limits of hosts: those handed in, one law for each host, or our own controllers. */
export function limitsOf(options: FetchStageOptions, settings: EngineSettings): HostLimits {
  if (options.hostLimits !== undefined) return options.hostLimits;
  const { createLimit } = options;
  const limits =
    createLimit === undefined
      ? createLimits(settings, stageSettings('paarc', options.paarc ?? {}), settings)
      : ownLimits((host) => checkedLimit(createLimit(host)));
  return withQuotas(limits, { clock: settings.clock, ledger: settings.profiles.spent });
}

/** A number in [0, 1), whatever a source of random numbers gives: with another one a row might wait for ever. */
function within(random: number): number {
  return random >= 0 ? Math.min(random, ALMOST_ONE) : 0;
}

/** What a function of the caller's made. Errors: FDC_ERR_CONFIG_INVALID for what is no limit. */
function checkedLimit(limit: Limit): Limit {
  const { permits, onSend, onResult, tick }: Partial<Limit> = atOnce(limit, 'createLimit') ?? {};
  if (typeof permits === 'number' && [onSend, onResult, tick].every((method) => typeof method === 'function'))
    return limit;
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'createLimit: expected a limit, such as new FixedLimit(4)');
}
