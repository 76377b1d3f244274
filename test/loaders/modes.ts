/** The forms that a dataset is written in, and what each is for; another form is another line here. */

export interface Mode {
  readonly outputFormat: 'webdataset' | 'imagefolder' | 'parquet';
  readonly createTar?: boolean;
  readonly compressTar?: boolean;
  readonly compat?: 'img2dataset';
  /** The run was stopped: there is no seal, and the card says so. */
  readonly unfinished?: boolean;
  /** Its archives are unpacked first, as docs/outputs.md says. */
  readonly unpacked?: boolean;
}

export const MODES = {
  webdataset: { outputFormat: 'webdataset' },
  'webdataset, tar.gz': { outputFormat: 'webdataset', compressTar: true },
  'webdataset, unfinished': { outputFormat: 'webdataset', unfinished: true },
  'webdataset, as img2dataset': { outputFormat: 'webdataset', compat: 'img2dataset' },
  'imagefolder, unpacked': { outputFormat: 'imagefolder', unpacked: true },
  'loose files': { outputFormat: 'imagefolder', createTar: false },
  parquet: { outputFormat: 'parquet' },
} as const satisfies Readonly<Record<string, Mode>>;

export type ModeName = keyof typeof MODES;

export const MODE_NAMES = Object.keys(MODES) as ModeName[];

const SHARDS = MODE_NAMES.filter((name) => MODES[name].outputFormat === 'webdataset');
/** img2dataset's tables have its own columns. */
const WITH_TABLES = MODE_NAMES.filter((name) => !('compat' in MODES[name]));
const FOLDERS: readonly ModeName[] = ['imagefolder, unpacked', 'loose files'];

export interface Tool {
  /** In docs/outputs.md. */
  readonly title: string;
  /** Forms that it opens; of the others it is not asked. */
  readonly modes: readonly ModeName[];
  /** Stands beside other packages, whose older or torchless selves it wants. */
  readonly torchless?: boolean;
}

/** What read.py knows, by the name it has there. */
export const TOOLS = {
  hub: { title: 'Hugging Face datasets 5.2', modes: MODE_NAMES },
  webdataset: { title: 'webdataset 1.0', modes: SHARDS },
  webdataset0: { title: 'webdataset 0.2.86', modes: SHARDS, torchless: true },
  wids: { title: 'wids (of webdataset 0.2.86)', modes: ['webdataset', 'webdataset, as img2dataset'], torchless: true },
  torchvision: { title: 'torchvision 0.29 ImageFolder', modes: FOLDERS, torchless: true },
  timm: { title: 'timm 1.0 ReaderImageFolder', modes: FOLDERS, torchless: true },
  duckdb: { title: 'DuckDB 1.5, outcome tables', modes: WITH_TABLES },
  polars: { title: 'polars 2.1, outcome tables', modes: WITH_TABLES },
  pandas: { title: 'pandas 3.1, outcome tables', modes: WITH_TABLES },
  pyarrow: { title: 'pyarrow 26, outcome tables', modes: WITH_TABLES },
} as const satisfies Readonly<Record<string, Tool>>;

export type ToolName = keyof typeof TOOLS;

export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** Nobody runs them here, loudly: what each takes. */
export const NOT_RUN = [
  ['NVIDIA DALI 2.4', 'a download of 424 MB'],
  ['Spark 4.3', 'a download of 455 MB, and Java'],
] as const;
