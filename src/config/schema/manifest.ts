/** What is read. */
import type { Keys } from './key.ts';

const READERS = ['download', 'verify', 'inspect', 'config', 'partition', 'estimate', 'submit'] as const;
const LABELLED = ['download', 'verify', 'inspect', 'config', 'estimate', 'submit'] as const;

/** What is read: files, their format, and which column plays which role. */
export const MANIFEST_KEYS = {
  input: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description:
      'Manifest files, folders (their direct children), globs, URLs (https, s3, gs), or - for stdin. Also the ' +
      'positional arguments of download.',
    fdc: {
      slice: 'manifest',
      option: 'inputs',
      list: 'repeat',
      aliases: ['parquets_directory', 'parquet', 'directory', 'input_parquet'],
      flagAliases: ['manifest'],
      value: 'FILE',
      group: 'input',
      commands: READERS,
      flowDc: { effect: 'used' },
    },
  },
  input_format: {
    type: 'string',
    enum: ['auto', 'parquet', 'csv', 'tsv', 'txt', 'json', 'jsonl', 'excel', 'xml'],
    default: 'auto',
    description:
      'Format of the input; auto looks at the content and then at the file name. excel is a sheet of an xlsx ' +
      'workbook, xml a file whose root has the rows.',
    fdc: {
      slice: 'manifest',
      option: 'format',
      value: 'FORMAT',
      group: 'input',
      commands: READERS,
      flowDc: { effect: 'used' },
    },
  },
  url: {
    type: 'string',
    minLength: 1,
    description:
      'Column with the URLs. Guessed by name when not given, and the guess is said. COLUMN.FIELD leads into nested ' +
      'ones; of several columns, divided by commas, the first that works is used.',
    fdc: {
      slice: 'manifest',
      option: 'urlColumn',
      aliases: ['url_col', 'url_column'],
      value: 'COLUMN',
      group: 'input',
      common: true,
      commands: READERS,
      flowDc: { effect: 'used' },
    },
  },
  url_template: {
    type: 'string',
    minLength: 1,
    description:
      'URLs made of other columns, which stand in braces: https://host/{photo_id}/medium.{extension}. Values are ' +
      'percent-encoded, with {+column} as they are; {{ is a brace. In place of url.',
    fdc: { slice: 'manifest', option: 'urlTemplate', value: 'TEMPLATE', group: 'input', commands: READERS },
  },
  explode: {
    type: 'boolean',
    default: false,
    description:
      'Make a row of each URL of the column with the URLs: of lists, of JSON arrays, of cells such as u1|u2 or u1 u2. ' +
      'Their positions are the column url_index.',
    fdc: { slice: 'manifest', option: 'explode', group: 'input', commands: READERS },
  },
  label: {
    type: 'string',
    minLength: 1,
    description: 'Column with the class; names the folder in imagefolder output. Guessed by name when not given.',
    fdc: {
      slice: 'manifest',
      option: 'labelColumn',
      aliases: ['label_col', 'class_col'],
      nullable: true,
      value: 'COLUMN',
      group: 'input',
      common: true,
      commands: READERS,
      flowDc: { effect: 'used' },
    },
  },
  classes: {
    type: 'string',
    minLength: 1,
    description:
      'File with the classes in the order of their numbers, one per line, or the classes.json of a dataset; without ' +
      'it, and for classes that it lacks, the order is that of the manifest.',
    fdc: {
      slice: 'manifest',
      option: 'classesFile',
      value: 'FILE',
      local: true,
      group: 'input',
      commands: ['download', 'config', 'submit'],
    },
  },
  caption_col: {
    type: 'string',
    minLength: 1,
    description: 'Column with the caption; becomes KEY.txt in webdataset output. Guessed by name when not given.',
    fdc: {
      slice: 'manifest',
      option: 'captionColumn',
      value: 'COLUMN',
      group: 'input',
      common: true,
      commands: LABELLED,
    },
  },
  key_col: {
    type: 'string',
    minLength: 1,
    description: 'Column with a unique sample key, used in place of shard number and position.',
    fdc: { slice: 'manifest', option: 'keyColumn', value: 'COLUMN', group: 'input', commands: LABELLED },
  },
  delimiter: {
    type: 'string',
    minLength: 1,
    description:
      'What stands between the cells of csv and the like: a letter, or tab, comma, semicolon, pipe, space, or none for ' +
      'one column. Told by the content when not given.',
    fdc: { slice: 'manifest', option: 'delimiter', value: 'LETTER', group: 'input', commands: READERS },
  },
  quote: {
    type: 'string',
    enum: ['double', 'single', 'none', '"', "'"],
    description:
      'What stands around cells of csv and the like: none takes quotes literally. Told by the content when not given.',
    fdc: { slice: 'manifest', option: 'quote', value: 'QUOTE', group: 'input', commands: READERS },
  },
  escape: {
    type: 'string',
    enum: ['none', 'backslash'],
    description:
      'What a backslash means in csv and the like: with backslash \\" is a quote within quotes, and with quote none any ' +
      'letter behind one is part of its cell (\\t and \\n are tab and line end); none takes it literally. Told by the ' +
      'content when not given.',
    fdc: { slice: 'manifest', option: 'escapes', value: 'ESCAPE', group: 'input', commands: READERS },
  },
  skip_lines: {
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    description:
      'Lines above the header of csv and the like that are left out, or above the first row when columns are named. ' +
      'Titles are found when not given; 0 takes the first line for the header.',
    fdc: { slice: 'manifest', option: 'skipLines', unit: 'lines', value: 'N', group: 'input', commands: READERS },
  },
  encoding: {
    type: 'string',
    minLength: 1,
    description:
      'Encoding of text: utf-8, utf-16le, windows-1252, or another name of the WHATWG. Told by the byte order mark or ' +
      'the content when not given.',
    fdc: { slice: 'manifest', option: 'encoding', value: 'NAME', group: 'input', commands: READERS },
  },
  columns: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description:
      'Names of the columns of csv and the like whose first line is no header. A first line with a URL in it is taken ' +
      'for none by itself.',
    fdc: { slice: 'manifest', option: 'columnNames', list: 'comma', value: 'NAMES', group: 'input', commands: READERS },
  },
  rows_at: {
    type: 'string',
    minLength: 1,
    description:
      'Of JSON: the list whose members are the rows, by the names of the members that lead to it (annotations, ' +
      'response.photos). Without it, the first list whose objects have URLs. Of XML: the elements that are the rows, ' +
      'by the names that lead to them from below the root (channel.item); without it, the children of the root.',
    fdc: { slice: 'manifest', option: 'rowsAt', value: 'PATH', group: 'input', commands: READERS },
  },
  keep_columns: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description:
      'Carry only these columns of the manifest, and those of url, label, caption and key; * stands for any letters. ' +
      'Of parquet the others are not read.',
    fdc: { slice: 'manifest', option: 'keepColumns', list: 'comma', value: 'NAMES', group: 'input', commands: READERS },
  },
  drop_columns: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    description:
      'Leave these columns of the manifest out; * stands for any letters. Not those of url, label, caption and key that ' +
      'were given.',
    fdc: { slice: 'manifest', option: 'dropColumns', list: 'comma', value: 'NAMES', group: 'input', commands: READERS },
  },
  on_bad_row: {
    type: 'string',
    enum: ['skip', 'fail'],
    default: 'skip',
    description:
      'What becomes of a row that cannot be read (too few cells, a quote that is not closed): skip gives it the outcome ' +
      'bad_row and goes on, unless more than 1 % and at least 100 are; fail ends the run.',
    fdc: { slice: 'manifest', option: 'onBadRow', value: 'POLICY', group: 'input', commands: READERS },
  },
  json_types: {
    type: 'boolean',
    default: true,
    description:
      'Keep the types of JSON: numbers, true and false, lists and objects, told from the first 8,192 rows of a file. ' +
      'Off, every column of json and jsonl is text, and UUIDs of parquet are bytes.',
    fdc: {
      slice: 'manifest',
      option: 'jsonTypes',
      off: 'Read every column of json and jsonl as text.',
      group: 'input',
      commands: READERS,
    },
  },
  infer_types: {
    type: 'boolean',
    default: false,
    description:
      'Read columns of csv and tsv whose first 8,192 rows hold nothing else as integers, numbers, or true and false. ' +
      'Files only.',
    fdc: { slice: 'manifest', option: 'inferTypes', group: 'input', commands: READERS },
  },
  limit: {
    type: 'integer',
    minimum: 1,
    description: 'Read only the first so many rows.',
    fdc: {
      slice: 'manifest',
      option: 'limitRows',
      unit: 'rows',
      value: 'N',
      group: 'input',
      common: true,
      commands: READERS,
    },
  },
  per_class: {
    type: 'integer',
    minimum: 1,
    description:
      'Read only the first so many rows of each class, by the label column; rows without a label are a class as well. ' +
      'How many are left out is said.',
    fdc: {
      slice: 'manifest',
      option: 'perClass',
      unit: 'rows',
      value: 'N',
      group: 'input',
      commands: READERS,
    },
  },
  max_record: {
    type: 'integer',
    minimum: 1024,
    maximum: 1024 ** 3,
    default: 16 * 1024 * 1024,
    description:
      'Longest record of text: a csv row, a JSON object, with everything in it. Also how long rows of parquet may be ' +
      'on average. Reading holds a few of them.',
    fdc: {
      slice: 'manifest',
      option: 'maxRecordBytes',
      unit: 'bytes',
      value: 'SIZE',
      group: 'input',
      commands: READERS,
    },
  },
  linger_sec: {
    type: 'number',
    minimum: 0,
    maximum: 3600,
    default: 1,
    description: 'On stdin, rows that wait this long without another one arriving are handed on as they are.',
    fdc: {
      slice: 'manifest',
      option: 'lingerMs',
      scale: 1000,
      unit: 's',
      flagAliases: ['linger'],
      value: 'SECONDS',
      group: 'input',
      commands: ['download', 'config', 'submit'],
    },
  },
} as const satisfies Keys;
