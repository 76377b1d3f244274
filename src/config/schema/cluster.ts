/** How the machines of a job find each other. */
import type { CommandName, Keys } from './key.ts';

/** Commands that talk to a NATS server. */
const CLUSTER = [
  'submit',
  'worker',
  'status',
  'jobs',
  'cancel',
  'repair',
  'serve',
] as const satisfies readonly CommandName[];
const WATCHED = ['submit', 'worker', 'status', 'serve'] as const satisfies readonly CommandName[];

const FILE = { type: 'string', minLength: 1 } as const;

/**
 * How the machines of a job find each other. Secrets are in files that these keys name, or in the environment
 * (FLOW_DC_NATS_TOKEN, FLOW_DC_NATS_USER and FLOW_DC_NATS_PASSWORD); a key never holds one, because keys are kept and
 * shown.
 */
export const CLUSTER_KEYS = {
  nats: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description:
      'NATS servers, e.g. nats://host:4222 or tls://host:4222. Without any, submit starts a server of its own.',
    fdc: {
      slice: 'cluster',
      option: 'servers',
      list: 'comma',
      env: 'FLOW_DC_NATS_URL',
      value: 'URL',
      group: 'cluster',
      common: true,
      commands: CLUSTER,
    },
  },
  job: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,32}$',
    description: "Name of the job on the server; made from the output folder's name and the job's id when not given.",
    fdc: {
      slice: 'cluster',
      option: 'job',
      value: 'ID',
      group: 'cluster',
      common: true,
      commands: WATCHED,
      expects: 'up to 32 letters, digits, - or _',
    },
  },
  join: {
    ...FILE,
    description: 'Server, token and job from the worker.json that submit wrote.',
    fdc: {
      slice: 'cluster',
      option: 'joinFile',
      value: 'FILE',
      group: 'cluster',
      common: true,
      commands: ['worker', 'status', 'jobs', 'cancel', 'repair', 'serve'],
    },
  },
  token_file: {
    ...FILE,
    description: "File with the server's token; a worker.json does as well.",
    fdc: {
      slice: 'cluster',
      option: 'tokenFile',
      env: 'FLOW_DC_NATS_TOKEN_FILE',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_creds: {
    ...FILE,
    description: 'Credentials file (.creds) of a NATS user.',
    fdc: {
      slice: 'cluster',
      option: 'credsFile',
      env: 'FLOW_DC_NATS_CREDS',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_nkey: {
    ...FILE,
    description: 'File with the nkey seed of a NATS user.',
    fdc: {
      slice: 'cluster',
      option: 'nkeyFile',
      env: 'FLOW_DC_NATS_NKEY',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_ca: {
    ...FILE,
    description: "PEM file with the authorities that sign the server's certificate.",
    fdc: {
      slice: 'cluster',
      option: 'caFile',
      env: 'FLOW_DC_NATS_CA',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_cert: {
    ...FILE,
    description: "PEM file with the client's own certificate.",
    fdc: {
      slice: 'cluster',
      option: 'certFile',
      env: 'FLOW_DC_NATS_CERT',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_key: {
    ...FILE,
    description: 'PEM file with the key of nats_cert.',
    fdc: {
      slice: 'cluster',
      option: 'keyFile',
      env: 'FLOW_DC_NATS_KEY',
      value: 'FILE',
      group: 'cluster',
      commands: CLUSTER,
    },
  },
  nats_inbox: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description: 'Prefix of the subjects that answers come to, for users that may not subscribe to all of _INBOX.',
    fdc: {
      slice: 'cluster',
      option: 'inboxPrefix',
      value: 'PREFIX',
      group: 'cluster',
      commands: CLUSTER,
      expects: 'up to 64 letters, digits, - or _',
    },
  },
  nats_replicas: {
    type: 'integer',
    minimum: 1,
    maximum: 5,
    default: 1,
    description: 'Servers of a NATS cluster that keep a copy of the job.',
    fdc: { slice: 'cluster', option: 'replicas', value: 'N', group: 'cluster', commands: ['submit'] },
  },
  lease_sec: {
    type: 'number',
    minimum: 2,
    maximum: 3600,
    default: 30,
    description: 'A worker that is silent for this long loses its units to others.',
    fdc: {
      slice: 'cluster',
      option: 'leaseMs',
      scale: 1000,
      unit: 's',
      value: 'SECONDS',
      group: 'cluster',
      commands: ['submit'],
    },
  },
  listen: {
    type: 'string',
    minLength: 1,
    default: '127.0.0.1',
    description:
      'Address on which the server that submit starts can be reached; 0.0.0.0 is every address of this machine.',
    fdc: { slice: 'cluster', option: 'listen', value: 'ADDRESS', group: 'cluster', common: true, commands: ['submit'] },
  },
  port_number: {
    type: 'integer',
    minimum: 0,
    maximum: 65_535,
    default: 9123,
    description: 'Port of the server that submit starts; 0 takes a free one.',
    fdc: {
      slice: 'cluster',
      option: 'portNumber',
      value: 'PORT',
      group: 'cluster',
      commands: ['submit'],
      flowDc: { effect: 'used', why: 'where workers join, as with TaskVine' },
    },
  },
  idle_timeout_sec: {
    type: 'number',
    minimum: 0,
    maximum: 31_536_000,
    default: 0,
    description: 'A worker without work for this long ends; 0 waits for ever.',
    fdc: {
      slice: 'cluster',
      option: 'idleTimeoutMs',
      scale: 1000,
      unit: 's',
      flagAliases: ['idle_timeout'],
      value: 'SECONDS',
      group: 'cluster',
      common: true,
      commands: ['worker'],
    },
  },
  watch: {
    type: 'boolean',
    default: false,
    description: 'Show the status again every second until the job ends.',
    fdc: { slice: 'cluster', option: 'watch', group: 'cluster', common: true, commands: ['status'] },
  },
  take_over: {
    type: 'boolean',
    default: false,
    description:
      'Work on a folder that is marked as the output of a job on a NATS server, because that job is known to be over.',
    fdc: { slice: 'cluster', option: 'takeOver', group: 'cluster', commands: ['download', 'resume', 'submit'] },
  },
} as const satisfies Keys;
