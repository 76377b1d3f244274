/** What is written. */
import type { Keys } from './key.ts';

/** 2000-01-01 00:00 UTC: the same for every run, and above 1980, where zip begins, in every time zone. */
export const DEFAULT_MTIME = '946684800';

const WRITERS = ['download', 'config', 'submit'] as const;

/** What is written: destination, container, names. */
export const SINK_KEYS = {
  output: {
    type: 'string',
    minLength: 1,
    description:
      'Destination: a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX, - for a tar on stdout, or none: to throw the ' +
      'bytes away.',
    fdc: {
      slice: 'sink',
      option: 'output',
      aliases: ['output_directory', 'output_folder'],
      flagAliases: ['out'],
      short: 'o',
      value: 'DEST',
      group: 'output',
      common: true,
      commands: ['download', 'estimate', 'config', 'partition', 'submit', 'worker', 'export', 'refresh', 'report'],
      local: ['partition', 'export', 'refresh', 'report'],
      flowDc: { effect: 'used' },
    },
  },
  outcomes: {
    type: 'string',
    minLength: 1,
    pattern: '\\.([pP][aA][rR][qQ][uU][eE][tT]|[cC][sS][vV])$',
    description:
      'With output -: write the outcome table of the whole job, parquet or csv by its name, to this file in place of ' +
      "the tar's last entry.",
    fdc: {
      slice: 'sink',
      option: 'outcomes',
      expects: 'a file named .parquet or .csv',
      value: 'FILE',
      local: true,
      group: 'output',
      commands: ['download', 'config'],
    },
  },
  output_format: {
    type: 'string',
    enum: ['imagefolder', 'webdataset', 'parquet', 'csv'],
    default: 'webdataset',
    description:
      'Layout of the dataset: tar shards of samples, folders by label, or parquet files with the bytes in a column ' +
      '(for partition: format of the files).',
    fdc: {
      slice: 'sink',
      option: 'outputFormat',
      flagAliases: ['format'],
      derived: 'imagefolder when a label column is given or the file is one of FLOW-DC, else webdataset',
      valuesOf: { command: 'partition', values: ['csv'] },
      group: 'output',
      common: true,
      commands: ['download', 'config', 'partition', 'submit'],
      flowDc: { effect: 'used' },
    },
  },
  compat: {
    type: 'string',
    enum: ['img2dataset'],
    description:
      'Name and describe shards as another program does, for what reads its output: img2dataset writes 00000.tar, ' +
      '00000.parquet and 00000_stats.json, with status words and columns of its own.',
    fdc: { slice: 'sink', option: 'compat', value: 'NAME', group: 'output', commands: WRITERS },
  },
  energon: {
    type: 'boolean',
    default: false,
    description:
      'Write what Megatron-Energon looks for beside the shards of a webdataset: an index of every tar, and .nv-meta.',
    fdc: { slice: 'sink', option: 'energon', group: 'output', commands: WRITERS },
  },
  media_column: {
    type: 'string',
    enum: ['image', 'video', 'audio', 'file'],
    description: 'With output_format parquet: name and kind of the column of bytes. Hugging Face decodes all but file.',
    fdc: {
      slice: 'sink',
      option: 'mediaColumn',
      derived: 'image, or file with expect_content any',
      group: 'output',
      commands: WRITERS,
    },
  },
  create_tar: {
    type: 'boolean',
    default: true,
    description: 'Write tar shards; off, one file per sample in folders.',
    fdc: {
      slice: 'sink',
      option: 'createTar',
      offFlags: ['no_tar'],
      off: 'Write one file per sample into folders instead of tar shards.',
      group: 'output',
      commands: WRITERS,
      flowDc: { effect: 'used' },
    },
  },
  compress_tar: {
    type: 'boolean',
    default: false,
    description: 'Compress tar shards with gzip. Images do not get smaller, and loaders lose random access.',
    fdc: { slice: 'sink', option: 'compressTar', group: 'output', commands: WRITERS, flowDc: { effect: 'used' } },
  },
  mtime: {
    type: 'string',
    pattern: '^(\\d{1,9}|1\\d{9}|last-modified)$',
    default: DEFAULT_MTIME,
    description:
      'Time of the entries of tar shards: seconds since 1970, the same for all, or last-modified for what each reply ' +
      'says (2000-01-01 where it says nothing). The default is 2000-01-01: constant, and above 1980, where zip begins.',
    fdc: {
      slice: 'sink',
      option: 'mtime',
      expects: 'seconds since 1970, or last-modified',
      value: 'TIME',
      group: 'output',
      commands: WRITERS,
    },
  },
  create_overview: {
    type: 'boolean',
    default: true,
    description: "Write overview.json with FLOW-DC's summary.",
    fdc: {
      slice: 'sink',
      option: 'createOverview',
      offFlags: ['no_overview'],
      off: 'Do not write overview.json.',
      group: 'output',
      commands: WRITERS,
      flowDc: {
        effect: 'used',
        why: 'beside the shards, never inside a tar, where loaders would take it for a sample',
      },
    },
  },
  naming_mode: {
    type: 'string',
    enum: ['sequential', 'url_based'],
    default: 'sequential',
    description: 'Names from shard number and position, or from the URL by file_name_pattern.',
    fdc: { slice: 'sink', option: 'namingMode', group: 'output', commands: WRITERS, flowDc: { effect: 'used' } },
  },
  file_name_pattern: {
    type: 'string',
    minLength: 1,
    default: '{segment[-2]}',
    description:
      'Template of url_based names: {segment[N]}, {segment_last}, {segment_parent}, {segment_first}, {ext}, {key}.',
    fdc: {
      slice: 'sink',
      option: 'fileNamePattern',
      nullable: true,
      value: 'TEMPLATE',
      group: 'output',
      commands: WRITERS,
      flowDc: {
        effect: 'used',
        why: 'with naming_mode url_based only; FLOW-DC cannot format {segment[-2]} and uses the key',
      },
    },
  },
  image_name: {
    type: 'string',
    enum: ['common', 'jpg', 'content'],
    description:
      'Extension of images: common, jpg for JPEG, PNG and WebP, which loaders read by their bytes, and the one of the ' +
      'content for all others; always jpg; or always the one of the content.',
    fdc: {
      slice: 'sink',
      option: 'imageName',
      derived: 'common for webdataset, content for imagefolder',
      group: 'output',
      commands: WRITERS,
    },
  },
  cls: {
    type: 'boolean',
    default: true,
    description: 'Write the number of its class beside every sample of a webdataset with labels, as KEY.cls.',
    fdc: {
      slice: 'sink',
      option: 'cls',
      derived: 'off with compat',
      off: 'Write no KEY.cls.',
      group: 'output',
      commands: WRITERS,
    },
  },
  null_label: {
    type: 'string',
    minLength: 1,
    default: 'output',
    description: 'Class of rows without a label.',
    fdc: { slice: 'sink', option: 'nullLabel', value: 'NAME', group: 'output', commands: WRITERS },
  },
  keep_credentials: {
    type: 'boolean',
    default: false,
    description:
      'Leave user and password in the URLs of KEY.json and of the outcome tables. Without it they are used for ' +
      'requests and never published.',
    fdc: { slice: 'sink', option: 'keepCredentials', group: 'safety', commands: WRITERS },
  },
  redact_query: {
    type: 'boolean',
    default: false,
    description: 'Leave queries, which may be signatures, out of the URLs of KEY.json and of the outcome tables.',
    fdc: { slice: 'sink', option: 'redactQuery', group: 'safety', commands: WRITERS },
  },
  trust_names: {
    type: 'boolean',
    default: false,
    description: 'With url_based names and without tar, or with output -: leave out the key that keeps names unique.',
    fdc: { slice: 'sink', option: 'trustNames', group: 'output', commands: WRITERS },
  },
} as const satisfies Keys;
