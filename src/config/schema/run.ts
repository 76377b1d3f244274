/** How a run behaves. */
import type { Keys } from './key.ts';

const RUNS = ['download', 'resume', 'config', 'submit', 'worker'] as const;

const JSON_COMMANDS = [
  'download',
  'resume',
  'verify',
  'report',
  'inspect',
  'estimate',
  'partition',
  'submit',
  'status',
  'jobs',
  'repair',
] as const;

/** `auto`, a port, or an address and a port. */
/** Also what can be no port, and an address alone: they are no manifest, and told so. */
const SERVE_PATTERN = '^(auto|localhost|[0-9.]+|((\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9.-]+)?:)[0-9]+)$';

/** How a run behaves: second runs, messages, exit code. */
export const RUN_KEYS = {
  overwrite: {
    type: 'boolean',
    default: false,
    description: 'Delete what an earlier job recorded at the destination, and nothing else, then start anew.',
    fdc: {
      slice: 'run',
      option: 'overwrite',
      aliases: ['force_overwrite'],
      flagAliases: ['force'],
      short: 'f',
      group: 'run',
      common: true,
      commands: ['download', 'config', 'submit', 'partition'],
      flowDc: { effect: 'used', why: 'without it the same command resumes, where FLOW-DC asks' },
    },
  },
  dedupe: {
    type: 'string',
    enum: ['none', 'url'],
    default: 'none',
    description:
      'url fetches every URL once: of rows with the same one, letter by letter, the first is fetched, and the others are ' +
      'skipped as duplicate_url with the number of that row. The manifest is read twice, so it cannot be a pipe.',
    fdc: {
      slice: 'run',
      option: 'dedupe',
      group: 'input',
      commands: ['download', 'config', 'submit'],
    },
  },
  extend: {
    type: 'boolean',
    default: false,
    description:
      'Add the rows of the manifest to a finished dataset whose URL or key it does not have; the others are counted as ' +
      'already_stored. An unfinished one is finished first.',
    fdc: {
      slice: 'run',
      option: 'extend',
      group: 'run',
      common: true,
      commands: ['download'],
    },
  },
  dry_run: {
    type: 'boolean',
    default: false,
    description: 'Say what would be done, and do nothing.',
    fdc: {
      slice: 'run',
      option: 'dryRun',
      group: 'run',
      common: true,
      commands: ['download', 'config', 'submit', 'retry', 'remove'],
      flowDc: { effect: 'used' },
    },
  },
  only: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: ['transient'],
    description: 'Rows that are fetched again: transient for those that may pass, all, or row codes, with commas.',
    fdc: {
      slice: 'run',
      option: 'only',
      list: 'comma',
      value: 'CODES',
      group: 'run',
      common: true,
      commands: ['retry'],
    },
  },
  where: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description:
      'Rows that are meant: fetched, failed, skipped, transient or row codes, with commas for any of them; or ' +
      'COLUMN=VALUE. Given several times, all must hold.',
    fdc: {
      slice: 'run',
      option: 'where',
      list: 'repeat',
      value: 'FILTER',
      group: 'run',
      common: true,
      commands: ['export', 'refresh', 'remove'],
    },
  },
  apply: {
    type: 'boolean',
    default: false,
    description: 'Fetch what has changed: the old samples leave the shards, the new ones come in shards of their own.',
    fdc: { slice: 'run', option: 'apply', group: 'run', common: true, commands: ['refresh'] },
  },
  urls: {
    type: 'string',
    minLength: 1,
    description: 'Rows that are meant by their URLs: a file with one in each line.',
    fdc: { slice: 'run', option: 'urls', value: 'FILE', local: true, group: 'run', common: true, commands: ['remove'] },
  },
  keys: {
    type: 'string',
    minLength: 1,
    description: 'Rows that are meant by their keys: a file with one in each line.',
    fdc: { slice: 'run', option: 'keys', value: 'FILE', local: true, group: 'run', common: true, commands: ['remove'] },
  },
  forget_urls: {
    type: 'boolean',
    default: false,
    description:
      "Leave nothing of the rows but their numbers and keys: URLs and the manifest's columns are emptied, and a hash " +
      'of each URL, in the state folder, keeps it from being fetched again.',
    fdc: { slice: 'run', option: 'forgetUrls', group: 'run', common: true, commands: ['remove'] },
  },
  compare: {
    type: 'boolean',
    default: false,
    description: 'In place of their sum: the outputs side by side, with the codes and the hosts in which they differ.',
    fdc: { slice: 'run', option: 'compare', group: 'run', commands: ['report'] },
  },
  duplicates: {
    type: 'boolean',
    default: false,
    description: 'In place of the report: samples with the same bytes; with -o FILE as a table.',
    fdc: { slice: 'run', option: 'duplicates', group: 'run', commands: ['report'] },
  },
  near_duplicates: {
    type: 'boolean',
    default: false,
    description:
      'The same, and pictures that look nearly the same: every one is decoded, with the packages sharp and sharp-phash ' +
      '(npm install sharp sharp-phash).',
    fdc: { slice: 'run', option: 'nearDuplicates', group: 'run', commands: ['report'] },
  },
  threads: {
    type: 'integer',
    minimum: 0,
    maximum: 64,
    default: 0,
    description:
      'Threads that fetch and write, as soon as there are units for them. 0 for as many as pay, up to the cores of the ' +
      'machine: one is started when all have been busy for 2 s and more than half a core was idle. All keep to one ' +
      'limit per host.',
    fdc: {
      slice: 'run',
      option: 'threads',
      value: 'N',
      group: 'run',
      commands: ['download', 'resume', 'config', 'submit', 'worker'],
      flowDc: { effect: 'used', why: 'FLOW-DC uses one core' },
    },
  },
  keep_thetas: {
    type: 'boolean',
    default: false,
    description: 'Use the latency thresholds of a FLOW-DC file as they are.',
    fdc: {
      slice: 'run',
      option: 'keepThetas',
      group: 'politeness',
      commands: ['download', 'resume', 'config', 'submit', 'worker'],
    },
  },
  progress: {
    type: 'string',
    enum: ['auto', 'bar', 'plain', 'json', 'off'],
    default: 'auto',
    description:
      'Progress on stderr; auto is a bar on a terminal and else a line after 5 s and then every 30 s. With json all of ' +
      'stderr is lines of JSON: {"notice":...} what people are told, {"error":...,"code":...} why it ended.',
    fdc: {
      slice: 'run',
      option: 'progress',
      group: 'run',
      common: true,
      commands: [...RUNS, 'verify', 'inspect', 'estimate'],
    },
  },
  quiet: {
    type: 'boolean',
    default: false,
    description:
      'On stderr errors and the final result alone. The link of a live page stands in serve.json of the state folder.',
    fdc: { slice: 'run', option: 'quiet', short: 'q', group: 'run', commands: RUNS },
  },
  on_end: {
    type: 'array',
    items: { type: 'string', fdc: { secret: true } },
    default: [],
    description:
      'When the run has ended, however it did: POST its summary as JSON to a URL, or run a command (without a shell) that ' +
      'gets it on stdin. Repeatable. The exit code stays what it is.',
    fdc: {
      slice: 'run',
      option: 'onEnd',
      value: 'URL|COMMAND',
      list: 'repeat',
      group: 'run',
      commands: ['download', 'resume', 'config', 'submit'],
    },
  },
  serve: {
    type: 'string',
    pattern: SERVE_PATTERN,
    description:
      'Show the run live in a browser, with buttons to pause, end and steer it: docs/live-page.md. Without a value on ' +
      'this machine alone, port 8377 or another that is free; with a port, or an address and a port, there.',
    fdc: {
      slice: 'run',
      option: 'serve',
      value: '[ADDR:PORT]',
      bare: 'auto',
      expects: 'a port, or an address and a port such as 127.0.0.1:8377',
      group: 'run',
      common: true,
      commands: ['download', 'resume', 'submit', 'worker', 'serve'],
    },
  },
  serve_pictures: {
    type: 'boolean',
    default: true,
    description: 'The live page can show the last pictures that were stored.',
    fdc: {
      slice: 'run',
      option: 'servePictures',
      off: 'Leave the last pictures out of the live page.',
      group: 'run',
      commands: ['download', 'resume', 'worker'],
    },
  },
  log_level: {
    type: 'string',
    enum: ['silent', 'error', 'warn', 'info', 'debug', 'trace'],
    default: 'info',
    description: 'Least important message that is logged.',
    fdc: { slice: 'run', option: 'logLevel', group: 'run', commands: RUNS },
  },
  log_file: {
    type: 'string',
    minLength: 1,
    description: 'Write the log, one JSON object per line, to this file.',
    fdc: { slice: 'run', option: 'logFile', value: 'FILE', local: true, group: 'run', commands: RUNS },
  },
  trace_paarc: {
    type: 'string',
    minLength: 1,
    description: "Write every decision about a host's limit, one JSON object per line, to this file.",
    fdc: { slice: 'run', option: 'tracePaarc', value: 'FILE', local: true, group: 'run', commands: RUNS },
  },
  json: {
    type: 'boolean',
    default: false,
    description: 'Print the result as one JSON object on stdout.',
    fdc: { slice: 'run', option: 'json', group: 'run', commands: JSON_COMMANDS },
  },
  html: {
    type: 'string',
    minLength: 1,
    description: 'Also write the report, with plots, as one HTML page that needs no network.',
    fdc: { slice: 'run', option: 'html', value: 'FILE', local: true, group: 'run', commands: ['report'] },
  },
  flow_dc: {
    type: 'boolean',
    default: false,
    description: "Add FLOW-DC's run statistics, in its own words and correct units.",
    fdc: { slice: 'run', option: 'flowDc', group: 'run', commands: ['report'] },
  },
} as const satisfies Keys;
