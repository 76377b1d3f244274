/** What Megatron-Energon wants to find beside the shards of a webdataset, in its folder `.nv-meta`. */
import { createHash } from 'node:crypto';
import type { Schema } from 'apache-arrow';
import { ENERGON_FOLDER } from '../../destination/folder-layout.ts';
import { readRoles } from '../../unit-rows.ts';

export const ENERGON_FILES: readonly string[] = ['.info.json', 'split.yaml', 'dataset.yaml', 'index.uuid'].map(
  (name) => `${ENERGON_FOLDER}/${name}`,
);

export interface EnergonShard {
  readonly name: string;
  readonly samples: number;
  readonly sha256: string;
}

export interface EnergonInfo {
  /** Of the manifest, with its roles. */
  readonly schema: Schema;
  /** Of the samples' files. */
  readonly extensions: readonly string[];
  /** Whether samples have the number of their class. */
  readonly cls: boolean;
}

/**
 * Name and content of each file.
 * @param shards - those that have samples, in their order
 */
export function energonFiles(shards: readonly EnergonShard[], info: EnergonInfo): [name: string, content: string][] {
  const counts = Object.fromEntries(shards.map(({ name, samples }) => [name, samples]));
  const contents = [
    `${JSON.stringify({ energon_version: null, shard_counts: counts }, undefined, 2)}\n`,
    // Which samples are for validation is the trainer's to say.
    [
      'split_parts:',
      '  train:',
      ...shards.map(({ name }) => `  - ${name}`),
      '  val: []',
      '  test: []',
      'exclude: []',
      '',
    ].join('\n'),
    datasetYaml(info),
    uuidOf(shards),
  ];
  return ENERGON_FILES.map((name, index) => [name, contents[index] as string]);
}

/** What a sample is: an image with its caption or class where there are such, else a dict that a Cooker makes something of. */
function datasetYaml({ schema, extensions, cls }: EnergonInfo): string {
  const image = `  image: ${extensions.join(',')}`;
  if (readRoles(schema).caption !== undefined) return sampleType('CaptioningSample', [image, '  caption: txt']);
  if (cls && readRoles(schema).label !== undefined)
    return sampleType('ImageClassificationSample', [image, '  label: cls']);
  return ['__module__: megatron.energon', '__class__: CrudeWebdataset', ''].join('\n');
}

function sampleType(name: string, fields: readonly string[]): string {
  const type = ['sample_type:', '  __module__: megatron.energon', `  __class__: ${name}`];
  return [...type, 'field_map:', ...fields, ''].join('\n');
}

/** The same content has the same one. */
function uuidOf(shards: readonly EnergonShard[]): string {
  const hash = createHash('sha256');
  for (const { sha256 } of shards) hash.update(sha256);
  const hex = hash.digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
