/** What a scenario says: the host, the client, the steps, the bands; and the files that say it. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../hosts/', import.meta.url);

/** How a host behaves. Times of the files are in ms where the name says so, rates per second. */
export interface HostModel {
  readonly slots: number;
  readonly serviceMs: number;
  readonly serviceSigma: number;
  readonly baseMs: number;
  readonly baseSigma: number;
  readonly bytesPerS: number;
  readonly flowBytesPerS: number;
  readonly notFoundShare: number;
  /** Share of requests answered with a 500 (or `errorStatus`) whatever the load. */
  readonly errorShare: number;
  readonly errorStatus: number;
  readonly outage: boolean;
  readonly connectionCap?: {
    readonly connections: number;
    readonly answer: '503' | '429' | 'reset';
    /** So many, with that cap each, behind a balancer that takes turns; 1 when absent. */
    readonly backends?: number;
  };
  readonly tokenBucket?: {
    readonly perS: number;
    readonly burst: number;
    readonly retryAfter: 'none' | 'time-to-token' | number;
    /** 429 when absent. */
    readonly status?: 403 | 429 | 503 | 'reset';
  };
  /** So many requests in a length of time; a fixed one that says when it opens again, unless told otherwise. */
  readonly window?: {
    readonly requests: number;
    readonly lengthS: number;
    readonly isSliding?: boolean;
    /** Of a sliding one: what is refused counts too. */
    readonly isPoked?: boolean;
    /** Without Retry-After. */
    readonly isBare?: boolean;
    readonly status?: 403 | 429 | 503;
  };
  /** nginx limit_req: a leaky bucket; what is within its burst waits for its turn where it is delayed. */
  readonly strict?: {
    readonly perS: number;
    readonly burst: number;
    readonly status: 429 | 503;
    readonly isDelayed?: boolean;
  };
  /** A refusal is answered after so long: a tarpit; at once when absent. */
  readonly refusalMs?: number;
  /** Above a rate everything is refused for a while, longer if the host is asked meanwhile. */
  readonly ban?: {
    readonly perS: number;
    readonly burst: number;
    readonly lengthS: number;
    readonly status: 403 | 404 | 410 | 'page';
    readonly retryAfter?: boolean;
    readonly isExtended?: boolean;
  };
  /** A part of the requests is answered from a cache, past the slots. */
  readonly cache?: { readonly hitShare: number; readonly hitMs: number };
  /** More waiting requests than this are answered with a 503. */
  readonly queueCap?: number;
  /** After so many bytes the link is slower. */
  readonly burstBytes?: { readonly bytes: number; readonly thenPerS: number };
  /** Every so often the slots are doubled where they were busy, and halved where they were idle. */
  readonly scaling?: { readonly least: number; readonly most: number; readonly everyS: number };
  /** Bodies are so many times as large; 1 when absent. */
  readonly bodyTimes?: number;
  /** Service time is multiplied by 1 + extra e^(-t/decay). */
  readonly cold?: { readonly extra: number; readonly decayS: number };
}

/** What our own side can carry. Absent means without limit. */
export interface ClientModel {
  readonly cpuPerS?: number | null;
  readonly sinkBytesPerS?: number | null;
  readonly urlsPerS?: number | null;
  /** The event loop says that it is busy for so long from the start, as programs do that have just been loaded. */
  readonly busyStartMs?: number;
}

/** From `atS` on, these values hold instead. */
export interface Step {
  readonly atS: number;
  readonly host?: Partial<HostModel>;
  readonly client?: ClientModel;
}

/** What a run that knows the host would do from `atS` on: a fixed concurrency or a fixed rate. */
export interface OracleStep {
  readonly atS: number;
  readonly concurrency?: number;
  readonly perS?: number;
}

/** Acceptance bands, on the mean over the seeds. Shares in percent where named so. */
export interface Bands {
  readonly goodputAllMin?: number;
  readonly goodputAfter30Min?: number;
  readonly rejectedAllMaxPct: number;
  readonly rejectedAfter30MaxPct: number;
  readonly t90MaxS?: number;
  readonly p95TimesMax?: number;
  readonly p95ToOracleMax?: number;
  /** Seconds to recover, by the second of the step as a string. */
  readonly recoveryMaxS?: Readonly<Record<string, number>>;
  /** Mean sends per second between two seconds. */
  readonly sends?: { readonly fromS: number; readonly toS: number; readonly maxPerS: number };
  /** Largest limit seen up to a second. */
  readonly permits?: { readonly untilS: number; readonly max: number };
}

export interface Scenario {
  readonly name: string;
  readonly words: string;
  readonly durationS: number;
  readonly host: HostModel;
  readonly client: ClientModel;
  readonly steps: readonly Step[];
  readonly oracle: readonly OracleStep[];
  readonly bands: Bands;
  /** Measured numbers of bands that are missed and known to be; the driver reports them and does not fail on them. */
  readonly knownMisses?: Readonly<Record<string, string>>;
}

/** The values that hold where a scenario says nothing. */
const defaultHost: HostModel = {
  slots: 1000,
  serviceMs: 100,
  serviceSigma: 0.4,
  baseMs: 50,
  baseSigma: 0.25,
  bytesPerS: 10e9,
  flowBytesPerS: 20e6,
  notFoundShare: 0.02,
  errorShare: 0.001,
  errorStatus: 500,
  outage: false,
};

type ScenarioFile = Omit<Scenario, 'host' | 'client' | 'steps'> & {
  host: Partial<HostModel>;
  client?: ClientModel;
  steps?: readonly Step[];
};

/** Fill in what a scenario file leaves out. */
export function completeScenario(file: ScenarioFile): Scenario {
  return { ...file, host: { ...defaultHost, ...file.host }, client: file.client ?? {}, steps: file.steps ?? [] };
}

/** Every scenario file, by name. */
export function loadScenarios(): Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => completeScenario(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))));
}
