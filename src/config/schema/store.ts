/** How an object store is reached. */
import type { CommandName, Keys } from './key.ts';

/** Commands that write to an object store, or read a dataset or a manifest there. */
const STORES = [
  'download',
  'resume',
  'verify',
  'report',
  'serve',
  'submit',
  'worker',
  'repair',
  'export',
  'inspect',
  'estimate',
  'partition',
  'config',
] as const satisfies readonly CommandName[];

/**
 * How an object store is reached. Credentials are no keys, because keys are kept and shown: they come from the
 * environment, the shared files of AWS or the machine's role.
 */
export const STORE_KEYS = {
  s3_endpoint: {
    type: 'string',
    pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^@?#\\s]+$',
    description:
      'Server that s3:// means, e.g. https://s3.example.org; else what AWS_ENDPOINT_URL_S3 or the profile says, else AWS.',
    fdc: {
      slice: 'store',
      option: 'endpoint',
      value: 'URL',
      group: 'store',
      common: true,
      commands: STORES,
      expects: 'a URL such as https://s3.example.org, without user and query',
    },
  },
  s3_region: {
    type: 'string',
    pattern: '^[A-Za-z0-9-]{1,64}$',
    description:
      "Region of the bucket; else what AWS_REGION or the profile says, else us-east-1, whence AWS leads on to the bucket's.",
    fdc: {
      slice: 'store',
      option: 'region',
      value: 'NAME',
      group: 'store',
      commands: STORES,
      expects: 'a region such as eu-central-1',
    },
  },
  s3_profile: {
    type: 'string',
    minLength: 1,
    description: 'Profile of the shared AWS files (~/.aws) that has the credentials; else AWS_PROFILE.',
    fdc: { slice: 'store', option: 'profile', value: 'NAME', group: 'store', commands: STORES },
  },
  s3_path_style: {
    type: 'boolean',
    description:
      "Whether the bucket stands in the path of the store's URLs, not in their host name. Default: with an endpoint.",
    fdc: { slice: 'store', option: 'pathStyle', group: 'store', commands: STORES },
  },
  s3_part_size: {
    type: 'integer',
    minimum: 5_242_880,
    maximum: 1_073_741_824,
    default: 5_242_880,
    description:
      'Part of an upload. Each open unit holds one in memory, and some more are on their way. Larger ones only matter ' +
      'for shards above 23 GiB.',
    fdc: {
      slice: 'store',
      option: 'partBytes',
      unit: 'bytes',
      value: 'SIZE',
      group: 'store',
      commands: ['download', 'resume', 'submit', 'worker', 'config'],
    },
  },
} as const satisfies Keys;
