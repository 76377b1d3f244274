/** How a host is treated, what is refused, how the network is reached. */
import { HOST_GLOB } from './host-glob.ts';
import type { CommandName, Keys } from './key.ts';

/** Whoever opens connections, for rows or for a manifest behind a URL. */
const CONNECTING: readonly CommandName[] = [
  'download',
  'resume',
  'estimate',
  'config',
  'submit',
  'worker',
  'inspect',
  'partition',
  'verify',
];

/** Those who reach stores as well. */
const PROXIED: readonly CommandName[] = [...CONNECTING, 'repair', 'report', 'serve', 'export'];

/** `Name: value`; control characters would let one header smuggle in another. */
const HEADER = {
  type: 'string',
  pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \\t]*[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$",
  fdc: { expects: 'a header such as "Name: value"', secret: true },
} as const;

const ONE_LINE = {
  type: 'string',
  pattern: '^[\\x20-\\x7e]+$',
  fdc: { expects: 'one line of printable ASCII' },
} as const;

/** How a host is treated, what is refused, and how the network is reached. */
export const FETCH_GUARD_KEYS = {
  enable_paarc: {
    type: 'boolean',
    default: true,
    description: 'Adapt the requests in flight to each host. Off, every host gets per_host_concurrency.',
    fdc: {
      slice: 'fetch',
      option: 'enablePaarc',
      aliases: ['enable_polite_controller'],
      offFlags: ['disable_paarc'],
      off: 'Adapt nothing; every host gets per_host_concurrency.',
      group: 'politeness',
      flowDc: { effect: 'used' },
    },
  },
  law: {
    type: 'string',
    enum: ['paarc', 'original', 'fixed'],
    default: 'paarc',
    description: 'Control law: paarc, the law of FLOW-DC (original), or per_host_concurrency (fixed).',
    fdc: { slice: 'fetch', option: 'law', group: 'politeness' },
  },
  per_host_concurrency: {
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 8,
    description: 'Requests in flight per host when nothing adapts.',
    fdc: { slice: 'fetch', option: 'perHostConcurrency', value: 'N', group: 'politeness' },
  },
  per_host_rate: {
    type: 'number',
    minimum: 0,
    default: 0,
    description: 'Requests per second and host when nothing adapts; 0 sets no limit.',
    fdc: { slice: 'fetch', option: 'perHostRate', unit: 'requests/s', value: 'N', group: 'politeness' },
  },
  hosts: {
    type: 'object',
    default: {},
    propertyNames: { pattern: HOST_GLOB },
    description:
      'Rules for single hosts: a map from host glob (* and ?) to a rule. The first glob that matches counts; what it ' +
      'leaves open is as the host itself asks for, where that is known (host_presets).',
    additionalProperties: {
      type: 'object',
      title: 'HostRule',
      additionalProperties: false,
      properties: {
        C_max: { type: 'integer', minimum: 1, description: 'Most requests in flight.', fdc: { option: 'cMax' } },
        rate: {
          type: 'number',
          exclusiveMinimum: 0,
          description: 'Most requests per second.',
          fdc: { option: 'requestsPerSecond', unit: 'requests/s' },
        },
        headers: {
          type: 'array',
          items: HEADER,
          description: 'Headers sent to these hosts only, each "Name: value".',
          fdc: { option: 'headers', list: 'repeat' },
        },
        user_agent: {
          ...ONE_LINE,
          description: 'User-Agent for these hosts.',
          fdc: { ...ONE_LINE.fdc, option: 'userAgent' },
        },
        timeout_sec: {
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 86_400,
          description: 'Deadline of one attempt.',
          fdc: { option: 'timeoutMs', scale: 1000, unit: 's' },
        },
        skip: { type: 'boolean', description: 'Do not request anything from these hosts.', fdc: { option: 'skip' } },
        bytes_per_second: {
          type: 'integer',
          minimum: 1024,
          description: 'Most bytes per second, over ten seconds.',
          fdc: { option: 'bytesPerSecond', unit: 'bytes/s' },
        },
        bytes_per_hour: {
          type: 'integer',
          minimum: 1024,
          description: 'Most bytes in an hour; rows wait for the next one.',
          fdc: { option: 'bytesPerHour', unit: 'bytes' },
        },
        bytes_per_day: {
          type: 'integer',
          minimum: 1024,
          description: 'Most bytes in 24 hours.',
          fdc: { option: 'bytesPerDay', unit: 'bytes' },
        },
        budget_by: {
          type: 'string',
          enum: ['host', 'domain', 'address'],
          description: 'What shares one limit: each host, all of a registrable domain, or all at one address.',
          fdc: { option: 'budgetBy' },
        },
      },
    },
    fdc: {
      slice: 'fetch',
      option: 'hosts',
      flagAliases: ['host'],
      value: "'GLOB: KEY=VALUE, ...'",
      expects: "rules by host, each key once (as a flag: 'GLOB: KEY=VALUE, ...')",
      group: 'politeness',
      commands: CONNECTING,
    },
  },
  host_presets: {
    type: 'boolean',
    default: true,
    description: 'Keep to the limits that known hosts publish (docs/hosts.md); a rule of hosts wins over them.',
    fdc: {
      slice: 'fetch',
      option: 'hostPresets',
      off: 'Leave out the limits that known hosts publish.',
      group: 'politeness',
      commands: CONNECTING,
    },
  },
  breaker_failures: {
    type: 'integer',
    minimum: 1,
    default: 10,
    description:
      'A host is called down after so many failures in a row, no success, and at least twice the time limit.',
    fdc: { slice: 'fetch', option: 'breakerFailures', value: 'N', group: 'politeness' },
  },
  max_retry_after: {
    type: 'number',
    minimum: 0,
    maximum: 604_800,
    default: 3600,
    description: 'How long a host may hold a row by putting it off (429, 503), in all; its rows end after that.',
    fdc: { slice: 'fetch', option: 'maxRetryAfterMs', scale: 1000, unit: 's', value: 'SECONDS', group: 'politeness' },
  },
  offline_hold_sec: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    default: 15,
    description:
      'When every host has failed to resolve or connect for this long, hold everything instead of failing rows.',
    fdc: { slice: 'fetch', option: 'offlineHoldMs', scale: 1000, unit: 's', value: 'SECONDS', group: 'network' },
  },
  user_agent: {
    ...ONE_LINE,
    description: 'User-Agent to send in place of flow-dc/VERSION with the contact.',
    fdc: { ...ONE_LINE.fdc, slice: 'fetch', option: 'userAgent', value: 'TEXT', group: 'politeness' },
  },
  contact: {
    ...ONE_LINE,
    description: 'Mail address or URL in the User-Agent, so that the owner of a host can reach you.',
    fdc: {
      ...ONE_LINE.fdc,
      slice: 'fetch',
      option: 'contact',
      env: 'FLOW_DC_CONTACT',
      value: 'TEXT',
      group: 'politeness',
      common: true,
    },
  },
  robots_tags: {
    type: 'array',
    items: { type: 'string', pattern: '^[A-Za-z-]+$', fdc: { expects: 'a directive such as noai' } },
    default: ['noai', 'noimageai', 'noindex', 'noimageindex'],
    description: 'X-Robots-Tag directives that make a row skipped; none ignores the header.',
    fdc: { slice: 'fetch', option: 'robotsTags', list: 'comma', none: true, value: 'LIST', group: 'politeness' },
  },
  header: {
    type: 'array',
    items: HEADER,
    default: [],
    description: 'Header for every request to the host of a row, "Name: value"; never sent on to another host.',
    fdc: { slice: 'fetch', option: 'headers', list: 'repeat', short: 'H', value: 'HEADER', group: 'network' },
  },
  allow_private: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: 'Loopback, private or link-local addresses that may be reached: CIDR blocks, addresses or host names.',
    fdc: {
      slice: 'fetch',
      option: 'allowPrivate',
      list: 'comma',
      value: 'LIST',
      group: 'safety',
      commands: CONNECTING,
    },
  },
  allow_s3: {
    type: 'boolean',
    default: false,
    description: 'Fetch rows whose URL is s3://bucket/key or gs://bucket/key, with the credentials of this machine.',
    fdc: {
      slice: 'fetch',
      option: 'allowS3',
      group: 'safety',
      commands: ['download', 'resume', 'inspect', 'estimate', 'config', 'submit', 'worker'],
    },
  },
  s3_no_sign: {
    type: 'boolean',
    default: false,
    description: 'Ask for such rows without credentials, as public buckets allow.',
    fdc: { slice: 'fetch', option: 's3NoSign', group: 'safety' },
  },
  connect_to: {
    type: 'array',
    items: {
      type: 'string',
      // A host may be an IPv6 address in brackets, which has colons of its own; every part may be empty.
      pattern: '^(\\[[^\\]]*\\]|[^:\\[\\]]*):\\d*:(\\[[^\\]]*\\]|[^:\\[\\]]*):\\d*$',
      fdc: { expects: 'HOST1:PORT1:HOST2:PORT2, where an empty part means any' },
    },
    default: [],
    description: 'Connect to HOST2:PORT2 where a URL says HOST1:PORT1, as in curl; an empty part means any.',
    fdc: {
      slice: 'fetch',
      option: 'connectTo',
      list: 'repeat',
      value: 'H1:P1:H2:P2',
      group: 'network',
      commands: CONNECTING,
    },
  },
  proxy: {
    type: 'string',
    minLength: 1,
    description:
      'Proxy for rows, manifests and object stores: http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST:PORT; none for none. When ' +
      'not given, what http_proxy, https_proxy and all_proxy say.',
    fdc: { slice: 'fetch', option: 'proxy', value: 'URL', secret: true, group: 'network', commands: PROXIED },
  },
  no_proxy: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description:
      'Hosts, domains, addresses and networks that are reached without the proxy; * for all. When not given, what ' +
      'no_proxy says.',
    fdc: { slice: 'fetch', option: 'noProxy', list: 'comma', value: 'LIST', group: 'network', commands: PROXIED },
  },
  ca_file: {
    type: 'string',
    minLength: 1,
    description: 'PEM file with certificate authorities to trust besides the built-in ones.',
    fdc: { slice: 'fetch', option: 'caFile', value: 'FILE', group: 'network', commands: CONNECTING },
  },
  insecure: {
    type: 'boolean',
    default: false,
    description: 'Do not check TLS certificates. Warned about and recorded with the dataset.',
    fdc: { slice: 'fetch', option: 'insecure', group: 'safety', commands: CONNECTING },
  },
  dns_server: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: 'Name servers to ask in place of those of the system, address[:port].',
    fdc: { slice: 'fetch', option: 'dnsServers', list: 'comma', value: 'LIST', group: 'network', commands: CONNECTING },
  },
} as const satisfies Keys;
