/**
 * Opens the manifest of a job. Files can be read again for a resume; a pipe cannot, so its bytes are kept beside the
 * job's records while they are read.
 */
import type { Readable } from 'node:stream';
import type { PartitionSettings, ResolvedConfig } from '../config/types.ts';
import type { ClassRule } from '../dataset/class-numbers.ts';
import { publisher } from '../dataset/published.ts';
import { digestFile } from '../destination/hashed-file.ts';
import { FlowDcError } from '../errors.ts';
import { schemeOf } from '../host/remote-url.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReadOptions } from '../stages/manifest/manifest-options.ts';
import { type ManifestReader, needsLabels } from '../stages/manifest/manifest-reader.ts';
import { contentOf } from '../stages/manifest/open-files.ts';
import { readManifest, readManifestInfo } from '../stages/manifest/read-manifest.ts';
import { readClassList } from './class-list.ts';
import { folderPipe, type InputMemory, type PipePlace } from './input-memory.ts';
import { InputWarnings } from './input-warnings.ts';
import { cuttingOf, type JobInput } from './job-input.ts';
import { headOf, keptPipe, PipeInput } from './pipe-input.ts';

/**
 * Look at the head of what `config` names.
 * @param stdin - the stream behind `-`; without it, the kept bytes of an earlier run are read
 * @param signal - aborts looking, not reading
 * @param given - where a pipe's bytes go, for an output that is no folder
 * @param numbered - classes that have numbers in the dataset already, in their order
 * Errors: those of readManifestInfo; FDC_ERR_MANIFEST_NOT_FOUND when a pipe was not kept to its end;
 * FDC_ERR_CONFIG_INVALID for a pipe that would have to be read twice.
 */
export async function openJobInput(
  config: ResolvedConfig,
  stdin: Readable | undefined,
  signal?: AbortSignal,
  given?: PipePlace,
  numbered?: readonly string[],
): Promise<JobInput> {
  const { manifest, partition, fetch, sink, store, run } = config;
  const { inputs, ...slice } = manifest;
  const isKeptPipe = inputs.includes('-');
  const options = { ...slice, remote: { network: fetch, store }, classes: await classRule(config), isKeptPipe };
  if (!isKeptPipe) return needingLabels(await fileInput(inputs, options, partition, signal, numbered), config);
  const pipe = given ?? folderPipe(sink.output as string, sink.createTar);
  if (stdin !== undefined && run.dedupe !== 'none') throw readTwice(run.dedupe);
  const input =
    stdin === undefined
      ? keptPipe(await fileInput([await pipe.kept()], options, partition), partition)
      : new PipeInput(await headOf(stdin, pipe.spool, options, signal), options, partition);
  return needingLabels(input, config);
}

/** How classes are numbered, where their numbers are written. Errors: those of readClassList. */
async function classRule({ manifest, sink }: ResolvedConfig): Promise<ClassRule | undefined> {
  const { classesFile } = manifest;
  const known = classesFile === undefined ? [] : await readClassList(classesFile);
  const areWritten = sink.cls && sink.createTar && sink.outputFormat === 'webdataset';
  return areWritten || known.length > 0 ? { known, publish: publisher(sink) } : undefined;
}

/** Errors: FDC_ERR_MANIFEST_COLUMN where something is asked of labels, and there is no column of them. */
async function needingLabels(input: JobInput, { manifest, fetch }: ResolvedConfig): Promise<JobInput> {
  const asked = { require_label: fetch.requireLabel, classes: manifest.classesFile, per_class: manifest.perClass };
  const key = Object.entries(asked).find(([, value]) => value !== undefined && value !== false)?.[0];
  if (key === undefined || input.info.roles.label !== undefined) return input;
  await input.close();
  throw needsLabels(key);
}

function readTwice(dedupe: string): FlowDcError {
  const message = `dedupe: ${dedupe} reads the manifest twice, and a pipe comes once: write it to a file and name that`;
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

async function fileInput(
  inputs: readonly string[],
  options: ManifestReadOptions,
  partition: PartitionSettings,
  signal?: AbortSignal,
  numbered?: readonly string[],
): Promise<JobInput> {
  const classes = options.classes && { ...options.classes, known: numbered ?? options.classes.known };
  const info = await readManifestInfo(inputs, { ...options, signal });
  const warnings = new InputWarnings(info.warnings);
  let memory: InputMemory | undefined;
  let reader: ManifestReader | undefined;
  return {
    info,
    warnings,
    cutting: () => cuttingOf(partition),
    stopLingering: () => {},
    adopt: async (given) => {
      memory = given;
    },
    read: (columns) => {
      const read = warnings.of(readManifest(inputs, { ...options, classes, info, columns }));
      reader ??= read;
      return read;
    },
    contentOf: (name) => contentOfInput(info, name),
    finish: async () => {
      if (memory !== undefined && reader !== undefined) await memory.noteContents(await contentsOf(info, reader));
    },
    close: async () => {},
  };
}

/**
 * Of every file of text. Where `limit` ended the reading, the rest is read now: it may change as well; not of what is
 * far away, where that may take longer than the job.
 */
async function contentsOf({ files }: ManifestInfo, { contents }: ManifestReader): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const file of files) {
    const { name, format } = file;
    if (format === 'parquet') continue;
    const sha256 = contents.get(name) ?? (schemeOf(name) === undefined ? await contentOf(file) : undefined);
    if (sha256 !== undefined) all.set(name, sha256);
  }
  return all;
}

async function contentOfInput({ files }: ManifestInfo, name: string): Promise<string> {
  const file = files.find((candidate) => candidate.name === name);
  return file === undefined ? (await digestFile(name)).sha256 : contentOf(file);
}
