/** One archive against its records and outcome table. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { FileDigest } from '../../destination/hashed-file.ts';
import { isFlowDcError } from '../../errors.ts';
import type { DatasetFile } from '../files/dataset-files.ts';
import type { ExpectedSample } from '../outcome-rows.ts';
import type { FindingSink } from './findings.ts';

/**
 * Read an archive once: the digest of the file, and every member against the samples that should be in it.
 * @param samples - undefined when the outcome table cannot be trusted; then members are only read through
 * @returns the file's digest; undefined when it cannot be read as an archive, which is a finding already
 */
export async function checkTar(
  file: DatasetFile,
  shard: string,
  samples: readonly ExpectedSample[] | undefined,
  findings: FindingSink,
): Promise<FileDigest | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of file.open()) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  const members = samples === undefined ? undefined : new Members(samples, shard, findings);
  const reader = extract();
  reader.on('entry', (header, entry, next) => {
    readMember(entry).then(
      (digest) => {
        members?.add(header.name, digest);
        next();
      },
      (error: Error) => next(error),
    );
  });
  try {
    await (shard.endsWith('.gz') ? pipeline(hashed, createGunzip(), reader) : pipeline(hashed, reader));
  } catch (error) {
    // A store that cannot be read says nothing of the archive.
    if (isFlowDcError(error)) throw error;
    findings.add('artifact_unreadable', shard, `cannot be read as a tar archive: ${(error as Error).message}`);
    return undefined;
  }
  members?.end();
  return { bytes, sha256: hash.digest('hex') };
}

async function readMember(entry: AsyncIterable<unknown>): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Metadata that a webdataset keeps beside a body. */
const SIDECARS = ['json', 'txt', 'cls'];

/** Ticks off the members of one archive. */
export class Members {
  readonly #expected: ReadonlyMap<string, ExpectedSample>;
  readonly #stems: ReadonlySet<string>;
  readonly #seen = new Set<string>();
  readonly #shard: string;
  readonly #findings: FindingSink;

  constructor(samples: readonly ExpectedSample[], shard: string, findings: FindingSink) {
    this.#expected = new Map(samples.map((sample) => [sample.name, sample]));
    this.#stems = new Set(samples.map(({ name }) => stemOf(name)));
    this.#shard = shard;
    this.#findings = findings;
  }

  add(name: string, digest: FileDigest): void {
    if (this.#seen.has(name)) {
      this.#findings.add('key_repeated', this.#shard, `member ${name} is there twice`);
      return;
    }
    this.#seen.add(name);
    const sample = this.#expected.get(name);
    if (sample !== undefined) compareSample(sample, digest, this.#shard, this.#findings);
    else if (!this.#stems.has(stemOf(name)) || !SIDECARS.includes(name.slice(stemOf(name).length + 1))) {
      this.#findings.add('sample_unexpected', this.#shard, `member ${name} is in no outcome row`);
    }
  }

  end(): void {
    for (const name of this.#expected.keys()) {
      if (!this.#seen.has(name))
        this.#findings.add('sample_missing', this.#shard, `sample ${name} is not in the archive`);
    }
  }
}

/** Bytes found against bytes promised. */
function compareSample(sample: ExpectedSample, found: FileDigest, where: string, findings: FindingSink): void {
  const same = found.bytes === sample.bytes && (sample.sha256 === undefined || found.sha256 === sample.sha256);
  if (same) return;
  findings.add(
    'sample_damaged',
    where,
    `${sample.name}: expected ${sample.bytes} bytes, sha256 ${sample.sha256 ?? 'unknown'}, got ${found.bytes}, ` +
      `${found.sha256}`,
  );
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > name.lastIndexOf('/') ? name.slice(0, dot) : name;
}
