/** How rows are requested. */
import type { Keys } from './key.ts';

/** How rows are requested: concurrency, deadlines, attempts. Safety and network keys: fetch-guards.ts. */
export const FETCH_KEYS = {
  concurrent_downloads: {
    type: 'integer',
    minimum: 0,
    maximum: 100_000,
    default: 1000,
    description: 'Most requests in flight over all hosts; 0 chooses the default.',
    fdc: {
      slice: 'fetch',
      option: 'concurrentDownloads',
      zeroIsDefault: true,
      nullable: true,
      aliases: ['concurrency', 'concurrent'],
      value: 'N',
      group: 'fetch',
      common: true,
      flowDc: { effect: 'used' },
    },
  },
  timeout_sec: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 86_400,
    default: 30,
    description: 'Deadline of one attempt, from sending the request to the last byte, redirects included.',
    fdc: {
      slice: 'fetch',
      option: 'timeoutMs',
      scale: 1000,
      unit: 's',
      aliases: ['timeout'],
      value: 'SECONDS',
      group: 'fetch',
      common: true,
      flowDc: { effect: 'used' },
    },
  },
  min_throughput: {
    type: 'integer',
    minimum: 0,
    default: 1024,
    description: 'A body that arrives slower than this is given up; 0 switches the check off.',
    fdc: { slice: 'fetch', option: 'minBytesPerSecond', unit: 'bytes/s', value: 'SIZE', group: 'fetch' },
  },
  max_retry_attempts: {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 3,
    description: 'Attempts per row in total. Replies of 429, and of 503 with Retry-After, are not counted (up to 20).',
    fdc: {
      slice: 'fetch',
      option: 'maxAttempts',
      value: 'N',
      group: 'fetch',
      common: true,
      flowDc: { effect: 'used' },
    },
  },
  retry_backoff_sec: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    default: 2,
    description: 'Pause before the second attempt; doubles with each further one, with jitter.',
    fdc: {
      slice: 'fetch',
      option: 'retryBackoffMs',
      aliases: ['retry_delay'],
      scale: 1000,
      unit: 's',
      value: 'SECONDS',
      group: 'fetch',
      flowDc: {
        effect: 'used',
        why: 'per row and growing, where FLOW-DC waits the same time between passes over all rows',
      },
    },
  },
  timeout_minutes: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 10_080,
    default: 60,
    description:
      'A unit of which no row finishes for this long is closed with what it has; Retry-After pauses do not count.',
    fdc: {
      slice: 'fetch',
      option: 'unitIdleMs',
      scale: 60_000,
      unit: 'min',
      value: 'MINUTES',
      group: 'fetch',
      flowDc: { effect: 'used', why: 'FLOW-DC reads it and never acts on it' },
    },
  },
  max_retries: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 3,
    description: 'A unit is given up after so many errors of the machinery itself (not of its rows).',
    fdc: { slice: 'fetch', option: 'maxUnitErrors', value: 'N', group: 'fetch', flowDc: { effect: 'used' } },
  },
  try_extensions: {
    type: 'array',
    items: { type: 'string', pattern: '^\\.?[A-Za-z0-9]{1,16}$', fdc: { expects: 'an extension such as jpg' } },
    default: [],
    description:
      'Extensions to try, in this order, in place of that of a URL which gives 404 or 410, such as jpg,jpeg,png. What ' +
      'was found is in final_url.',
    fdc: {
      slice: 'fetch',
      option: 'tryExtensions',
      aliases: ['extensions'],
      list: 'comma',
      value: 'LIST',
      group: 'fetch',
      flowDc: { effect: 'used', why: 'tried while rows are fetched, for those whose URL gives 404 or 410' },
    },
  },
  max_redirects: {
    type: 'integer',
    minimum: 0,
    maximum: 100,
    default: 10,
    description: 'Redirects that are followed per attempt.',
    fdc: { slice: 'fetch', option: 'maxRedirects', value: 'N', group: 'fetch' },
  },
  cookies: {
    type: 'boolean',
    default: true,
    description: 'Send back what redirects set as cookies, along the redirects of the same row only.',
    fdc: { slice: 'fetch', option: 'cookies', off: 'Leave cookies that redirects set alone.', group: 'fetch' },
  },
  iiif_size: {
    type: 'string',
    pattern:
      '^(max|full|[1-9]\\d{0,4}|\\^?([1-9]\\d{0,4},|,[1-9]\\d{0,4}|![1-9]\\d{0,4},[1-9]\\d{0,4}|pct:\\d{1,3}(\\.\\d+)?))$',
    description:
      'Size in which pictures of the IIIF Image API are asked for: 1024 for what fits into 1024 x 1024, or as its URLs ' +
      'say it (800, ,600 !640,480 pct:50 max). A URL that ends in /info.json is a picture then, too.',
    fdc: {
      expects: 'a size such as 1024, 800, ,600 !640,480 pct:50 or max',
      slice: 'fetch',
      option: 'iiifSize',
      value: 'SIZE',
      group: 'fetch',
    },
  },
  expect_content: {
    type: 'string',
    enum: ['image', 'media', 'any'],
    default: 'media',
    description:
      'media refuses HTML, JSON and the like in place of an image, sound or video; image refuses sound and video too; ' +
      'any stores whatever comes, images that are cut short among it.',
    fdc: { slice: 'fetch', option: 'expectContent', group: 'fetch' },
  },
  keep_broken: {
    type: 'boolean',
    default: false,
    description:
      'Store images that are cut short or garbled, or have other bytes before them, with the flag broken or ' +
      'bytes_before. Without it such a row is tried once more and then fails as not_whole.',
    fdc: { slice: 'fetch', option: 'keepBroken', group: 'fetch' },
  },
  decode_check: {
    type: 'boolean',
    default: false,
    description:
      'Decode every image once before it is stored; one that does not decode counts as not whole. Needs the package ' +
      'sharp (npm install sharp), and processor time.',
    fdc: { slice: 'fetch', option: 'decodeCheck', group: 'fetch' },
  },
  image_types: {
    type: 'array',
    items: {
      type: 'string',
      enum: ['jpeg', 'png', 'webp', 'gif', 'bmp', 'tiff', 'avif', 'heic', 'ico', 'icns', 'svg', 'tga'],
    },
    default: [],
    description:
      'Types of images that are stored, such as jpeg,png,webp; rows with others are skipped as type_not_wanted. ' +
      'Without it every type is.',
    fdc: { slice: 'fetch', option: 'imageTypes', list: 'comma', value: 'LIST', group: 'fetch' },
  },
  require_label: {
    type: 'boolean',
    default: false,
    description: 'Fetch rows with a label only; those without one are skipped as no_label.',
    fdc: {
      slice: 'fetch',
      option: 'requireLabel',
      group: 'fetch',
      commands: ['download', 'resume', 'config', 'submit'],
    },
  },
  hash: {
    type: 'boolean',
    default: true,
    description: 'Compute the sha256 of every body.',
    fdc: {
      slice: 'fetch',
      option: 'hash',
      off: 'Do not compute the sha256 of bodies.',
      group: 'fetch',
      commands: ['download', 'resume', 'config', 'submit'],
    },
  },
  max_bytes: {
    type: 'integer',
    minimum: 1,
    default: 67_108_864,
    description: 'Largest body that is accepted, after decoding.',
    fdc: {
      slice: 'fetch',
      option: 'maxBytes',
      aliases: ['max_file_size'],
      unit: 'bytes',
      value: 'SIZE',
      group: 'safety',
      flowDc: { effect: 'used' },
    },
  },
  body_memory: {
    type: 'integer',
    minimum: 1_048_576,
    default: 268_435_456,
    description:
      'Budget of the process for bodies that are not written yet. Requests wait for it without losing their deadline.',
    fdc: { slice: 'fetch', option: 'bodyMemoryBytes', unit: 'bytes', value: 'SIZE', group: 'memory' },
  },
  spill_bytes: {
    type: 'integer',
    minimum: 65_536,
    default: 8_388_608,
    description: 'Bodies above this size go through a file in the staging folder instead of memory.',
    fdc: { slice: 'fetch', option: 'spillBytes', unit: 'bytes', value: 'SIZE', group: 'memory' },
  },
  open_units: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 16,
    description: 'Most units worked on at a time.',
    fdc: { slice: 'fetch', option: 'openUnits', unit: 'units', flagAliases: ['slots'], value: 'N', group: 'memory' },
  },
  host_pools: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 2000,
    description: 'Connection pools that are kept; the one unused for longest makes room.',
    fdc: { slice: 'fetch', option: 'maxPools', unit: 'hosts', value: 'N', group: 'memory' },
  },
} as const satisfies Keys;
