/** The options of img2dataset 1.47, and what each is here. */

/** Values of a command line of img2dataset, its defaults among them. */
export type Img2datasetValues = Readonly<Record<string, string>>;

export interface Img2datasetOption {
  /** What that program takes without it; '' for none. */
  readonly default: string;
  /** In words, for people and the docs. */
  readonly here: string;
  /** Our words for a value; none where there is nothing to say, as for what is so by itself. */
  readonly words?: (value: string, all: Img2datasetValues) => readonly string[];
  /** What is different or missing with this value, for people. */
  readonly note?: (value: string, all: Img2datasetValues) => string | undefined;
}

const RESIZING = 'nothing: bytes are stored as served, and loaders resize them';
/** `--compute_hash None` and `--nocompute_hash`. */
const NO_HASH = ['None', 'False'];
const isTrue = (value: string): boolean => /^(true|1)$/i.test(value);
const isSet = (value: string): boolean => value !== '' && value !== 'None';
const unlessDefault = (flag: string) => (value: string) => (isSet(value) ? [flag, value] : []);
const resizing = (defaultValue: string): Img2datasetOption => ({ default: defaultValue, here: RESIZING });

export const FROM_IMG2DATASET: Readonly<Record<string, Img2datasetOption>> = {
  url_list: {
    default: '',
    here: 'the manifest itself: flow-dc download MANIFEST',
    words: (value) => [value],
  },
  image_size: {
    default: '256',
    here: RESIZING,
    note: (_, { resize_mode: mode, disable_all_reencoding: off = '' }) =>
      mode === 'no' || isTrue(off) ? undefined : 'images keep their size and bytes; resize them in the loader',
  },
  output_folder: { default: 'images', here: '-o DEST', words: (value) => ['-o', value] },
  processes_count: { default: '1', here: '--threads N; by default as many as pay', words: (v) => ['--threads', v] },
  resize_mode: resizing('border'),
  resize_only_if_bigger: resizing('False'),
  upscale_interpolation: resizing('lanczos'),
  downscale_interpolation: resizing('area'),
  encode_quality: resizing('95'),
  encode_format: resizing('jpg'),
  skip_reencode: { default: 'False', here: 'always so' },
  output_format: {
    default: 'files',
    here: '--output-format webdataset|parquet, --no-create-tar for files, -o none: for dummy',
    words: formatWords,
    note: (value) =>
      value === 'tfrecord'
        ? 'there are no tfrecords here: webdataset shards are written'
        : value === 'files'
          ? 'files lie in a folder per label, not per shard'
          : undefined,
  },
  input_format: { default: 'txt', here: 'told by the content; --input-format says it' },
  url_col: {
    default: 'url',
    here: '--url COLUMN',
    words: (value, { input_format: format }) => columnWords(value, format),
  },
  caption_col: { default: '', here: '--caption-col COLUMN', words: unlessDefault('--caption-col') },
  bbox_col: {
    default: '',
    here: 'nothing: nothing is blurred; the column travels along',
    note: (value) =>
      isSet(value) ? 'faces are not blurred here; do it in the loader, before images are shown' : undefined,
  },
  thread_count: {
    default: '256',
    here: '--concurrent-downloads N, over all hosts; what each host gets adapts itself',
    words: (value, { processes_count: processes = '1' }) => [
      '--concurrent-downloads',
      String(Math.min(10_000, Math.max(1, Number(value) * Number(processes) || 256))),
    ],
  },
  number_sample_per_shard: {
    default: '10000',
    here: '--shard-size N, 2,000 by default',
    words: (value) => ['--shard-size', value],
  },
  extract_exif: { default: 'True', here: 'nothing: tags stay in the bytes' },
  save_additional_columns: { default: '', here: 'always so: all columns travel along' },
  timeout: { default: '10', here: '--timeout-sec SECONDS, 30 by default', words: (value) => ['--timeout-sec', value] },
  enable_wandb: {
    default: 'False',
    here: '--progress json, or a report at the end',
    note: (value) =>
      isTrue(value) ? 'nothing is sent to Weights & Biases; --progress json has the figures' : undefined,
  },
  wandb_project: { default: 'img2dataset', here: '--progress json, or a report at the end' },
  oom_shard_count: { default: '5', here: '--compat img2dataset names shards with 5 digits' },
  compute_hash: {
    default: 'sha256',
    here: 'sha256 always; --no-hash for none',
    words: (value) => (NO_HASH.includes(value) ? ['--no-hash'] : []),
    note: (value) => (['sha256', ...NO_HASH].includes(value) ? undefined : `the hash is sha256 here, not ${value}`),
  },
  verify_hash: {
    default: '',
    here: 'nothing: join the outcome tables on sha256',
    note: (value) =>
      isSet(value) ? 'hashes are not compared while downloading; join the outcome tables on sha256' : undefined,
  },
  distributor: {
    default: 'multiprocessing',
    here: 'flow-dc submit and flow-dc worker on each machine, without Spark or Ray',
    note: (value) =>
      value === 'multiprocessing'
        ? undefined
        : 'on several machines: flow-dc submit with the same words, flow-dc worker on each',
  },
  subjob_size: { default: '1000', here: 'nothing: units are handed out one by one' },
  retries: {
    default: '0',
    here: '--max-retry-attempts N, which counts the first attempt, 3 by default',
    words: (value) => ['--max-retry-attempts', String(1 + (Number(value) || 0))],
  },
  disable_all_reencoding: { default: 'False', here: 'always so' },
  min_image_size: filter('0'),
  max_image_area: filter('inf'),
  max_aspect_ratio: filter('inf'),
  incremental_mode: {
    default: 'incremental',
    here: 'the same command again resumes, row by row; --overwrite and --extend',
    words: (value) => (value === 'overwrite' ? ['--overwrite'] : value === 'extend' ? ['--extend'] : []),
  },
  max_shard_retry: { default: '1', here: '--max-retries N, 3 by default: of errors of the machinery, not of rows' },
  user_agent_token: {
    default: '',
    here: '--user-agent TEXT, or --contact WHO',
    words: (value) => (isSet(value) ? ['--user-agent', `flow-dc (${value})`] : []),
  },
  disallowed_header_directives: {
    default: '["noai", "noimageai", "noindex", "noimageindex"]',
    here: '--robots-tags LIST, the same four by default; none ignores them',
    words: (value) => {
      const tags = value.match(/[a-z]+/gi) ?? [];
      return tags.join() === 'noai,noimageai,noindex,noimageindex' ? [] : ['--robots-tags', tags.join() || 'none'];
    },
  },
  ignore_ssl_certificate: {
    default: 'False',
    here: '--insecure',
    words: (value) => (isTrue(value) ? ['--insecure'] : []),
  },
};

function filter(defaultValue: string): Img2datasetOption {
  return {
    default: defaultValue,
    here: 'nothing while downloading: width and height are in the outcome tables, and flow-dc remove takes samples out',
    note: (value) =>
      value === defaultValue
        ? undefined
        : 'images of every size are stored; width and height are in the outcome tables',
  };
}

function formatWords(value: string): readonly string[] {
  switch (value) {
    case 'webdataset':
    case 'tfrecord':
      return ['--compat', 'img2dataset'];
    case 'parquet':
      return ['--output-format', 'parquet'];
    case 'files':
      return ['--output-format', 'imagefolder', '--no-create-tar'];
    default:
      return [];
  }
}

/** A list of URLs has no columns. */
function columnWords(value: string, format = 'txt'): readonly string[] {
  return format === 'txt' ? [] : ['--url', value];
}
