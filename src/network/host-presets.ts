/** Limits that hosts publish about themselves, with where they say so. docs/hosts.md is made from it. */
import type { HostRule } from '../config/types.ts';

/** What a host asks of those who fetch many of its files. */
export interface HostPreset {
  /** Hosts that it is about, as in `hosts`. */
  readonly globs: readonly string[];
  readonly rule: HostRule;
  /** What the owner says, in few words. */
  readonly asks: string;
  /** Page on which the owner says it. */
  readonly source: string;
  /** The owner wants to know whom to write to. */
  readonly wantsContact?: true;
}

/** Decimal, as owners count. */
const GB = 1_000_000_000;

/** The first one whose glob matches a host counts. */
export const HOST_PRESETS: readonly HostPreset[] = [
  {
    globs: ['upload.wikimedia.org'],
    rule: { cMax: 2, bytesPerSecond: 3_125_000 },
    asks: 'at most 2 requests at once and 25 Mbit/s over 10 s; a User-Agent with a contact',
    source: 'https://wikitech.wikimedia.org/wiki/Robot_policy',
    wantsContact: true,
  },
  {
    globs: ['*.wikimedia.org', '*.wikipedia.org', '*.wikidata.org', '*.wiktionary.org', '*.wikisource.org'],
    rule: { cMax: 2 },
    asks: 'a User-Agent with a contact; at most 2 requests at once, as for its files',
    source: 'https://foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy',
    wantsContact: true,
  },
  {
    globs: ['api.gbif.org'],
    rule: { cMax: 1 },
    asks: 'a single connection for scripts that use the image cache',
    source: 'https://techdocs.gbif.org/en/openapi/images',
  },
  {
    globs: ['static*.inaturalist.org'],
    rule: { bytesPerHour: 5 * GB, bytesPerDay: 24 * GB, budgetBy: 'domain' },
    asks: 'at most 5 GB of media an hour and 24 GB a day, or the address is blocked for good',
    source: 'https://www.inaturalist.org/pages/api+recommended+practices',
  },
  {
    globs: ['api.inaturalist.org', 'www.inaturalist.org'],
    rule: { requestsPerSecond: 1 },
    asks: 'about one request a second',
    source: 'https://www.inaturalist.org/pages/api+recommended+practices',
  },
  {
    globs: ['www.loc.gov', 'loc.gov'],
    rule: { requestsPerSecond: 1 },
    asks: '10 requests in 10 s for items; whoever sends more is blocked for 5 minutes to an hour',
    source: 'https://www.loc.gov/apis/json-and-yaml/working-within-limits/',
  },
  {
    globs: ['www.artic.edu', 'api.artic.edu'],
    rule: { cMax: 1, requestsPerSecond: 1 },
    asks: '60 requests a minute, one at a time',
    source: 'https://api.artic.edu/docs/',
  },
  {
    globs: ['collectionapi.metmuseum.org'],
    rule: { requestsPerSecond: 80 },
    asks: 'at most 80 requests a second',
    source: 'https://metmuseum.github.io/',
  },
  {
    globs: ['eutils.ncbi.nlm.nih.gov'],
    rule: { requestsPerSecond: 3 },
    asks: 'at most 3 requests a second without a key',
    source: 'https://support.nlm.nih.gov/kbArticle/?pn=KA-05510',
  },
  {
    globs: ['arxiv.org', '*.arxiv.org'],
    rule: { cMax: 1, requestsPerSecond: 1 / 3, budgetBy: 'domain' },
    asks: 'one request every three seconds over a single connection, from all of your machines together',
    source: 'https://info.arxiv.org/help/api/tou.html',
  },
  {
    globs: ['api.designmuseumgent.be'],
    rule: { requestsPerSecond: 100 / 60 },
    asks: '100 requests a minute',
    source: 'https://api.designmuseumgent.be/policy',
  },
];
