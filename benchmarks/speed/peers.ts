/** Other programs that download lists of pictures, where this machine has them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Contender, storedBelow } from './contender.ts';
import { findProgram } from './find-program.ts';
import { countPictures, p95 } from './stored.ts';
import { SCENES } from './workload.ts';

/** Rows per shard: flow-dc's default, so that there are enough shards for several processes. */
const SHARD_ROWS = 2000;
/** aria2 refuses more per host. */
const ARIA2_MOST_PER_HOST = 16;

/** img2dataset and FLOW-DC are named by the environment, curl and aria2c are looked for in PATH. */
export function peers(concurrency: number): Contender[] {
  const { IMG2DATASET: img2dataset, FLOW_DC_PYTHON: python, FLOW_DC_BATCH: batch } = process.env;
  const [curl, aria2c] = [findProgram('curl'), findProgram('aria2c')];
  return [
    ...(img2dataset ? [img2datasetPeer(img2dataset, concurrency)] : []),
    ...(python && batch ? flowDcPythonPeers(python, batch) : []),
    ...(curl === undefined ? [] : [curlPeer(curl, concurrency)]),
    ...(aria2c === undefined ? [] : [aria2Peer(aria2c, concurrency)]),
  ];
}

/** What of all this is missing, one line each. */
export function missingPeers(): string[] {
  const { IMG2DATASET, FLOW_DC_PYTHON, FLOW_DC_BATCH } = process.env;
  return [
    ...(IMG2DATASET ? [] : ['img2dataset: set IMG2DATASET=/path/to/img2dataset']),
    ...(FLOW_DC_PYTHON && FLOW_DC_BATCH
      ? []
      : ['FLOW-DC: set FLOW_DC_PYTHON=/path/to/python and FLOW_DC_BATCH=/path/to/download_batch.py']),
    ...(findProgram('curl') === undefined ? ['curl: not in PATH'] : []),
    ...(findProgram('aria2c') === undefined ? ['aria2c: not in PATH'] : []),
  ];
}

/** Bytes as served, tars, and as many processes as there are cores. */
function img2datasetPeer(program: string, concurrency: number): Contender {
  const processes = cpus().length;
  const threads = Math.max(1, Math.round(concurrency / processes));
  return peer('img2dataset, webdataset tar', ({ manifest, caFile }, out) => ({
    argv: [
      program,
      `--url_list=${manifest}`,
      '--input_format=parquet',
      '--url_col=url',
      `--output_folder=${out}`,
    ].concat(
      ['--output_format=webdataset', '--disable_all_reencoding=True', `--number_sample_per_shard=${SHARD_ROWS}`],
      [`--processes_count=${processes}`, `--thread_count=${threads}`],
    ),
    // It would ask the network for updates of one of its libraries.
    env: { NO_ALBUMENTATIONS_UPDATE: '1', ...trust(caFile) },
  }));
}

function flowDcPythonPeers(python: string, batch: string): Contender[] {
  const of = (name: string, flags: readonly string[]): Contender =>
    peer(`FLOW-DC, ${name}`, ({ manifest, caFile }, out) => ({
      argv: [python, batch, '--input', manifest, '--url', 'url', '--label', 'label', '--output', out, ...flags],
      env: trust(caFile),
    }));
  return [
    // The folder that it makes the archive from stays.
    { ...of('imagefolder tar.gz', []), stored: (_run, out) => countPictures(`${out}.tar.gz`) },
    of('folder', ['--no_tar']),
  ];
}

function curlPeer(program: string, concurrency: number): Contender {
  return {
    ...peer('curl --parallel', ({ list, connectToPort, caFile }, out) => {
      mkdirSync(out);
      const config = join(out, 'curl.txt');
      const lines = urlsOf(list).map((url, row) => `url = "${url}"\noutput = "${out}/${row}.jpg"\n`);
      writeFileSync(config, lines.join(''));
      const argv = [program, '--parallel', '--parallel-max', String(concurrency), '--fail', '--silent', '--show-error'];
      if (connectToPort !== undefined) argv.push('--connect-to', `::127.0.0.1:${connectToPort}`);
      if (caFile !== undefined) argv.push('--cacert', caFile);
      // Of a transfer that waits for its turn this tells the wait too: "known" only to the transfer itself.
      return { argv: [...argv, '--write-out', '%{time_pretransfer} %{time_starttransfer}\\n', '--config', config] };
    }),
    scenes: SCENES,
    p95HeadersMs: async ({ stdout }) => p95(stdout.trim().split('\n').map(headersMsOf)),
  };
}

function headersMsOf(line: string): number {
  const [sent = 0, headers = 0] = line.split(' ').map(Number);
  return (headers - sent) * 1000;
}

function aria2Peer(program: string, concurrency: number): Contender {
  return peer('aria2c -i', ({ list, caFile }, out) => {
    mkdirSync(out);
    const input = join(out, 'aria2.txt');
    writeFileSync(
      input,
      urlsOf(list)
        .map((url, row) => `${url}\n out=${row}.jpg\n`)
        .join(''),
    );
    const perHost = Math.min(concurrency, ARIA2_MOST_PER_HOST);
    const argv = [program, '-i', input, '-d', out, '-j', String(concurrency), '-x', String(perHost), '--quiet'].concat(
      ['--no-conf', '--file-allocation=none', '--auto-file-renaming=false', '--summary-interval=0'],
      caFile === undefined ? [] : [`--ca-certificate=${caFile}`],
    );
    return { argv };
  });
}

function peer(name: string, command: Contender['command']): Contender {
  return { name, kind: 'peer', scenes: ['start', 'one', 'tls'], command, stored: storedBelow };
}

/** OpenSSL reads it, and so does Python. */
function trust(caFile: string | undefined): Record<string, string> {
  return caFile === undefined ? {} : { SSL_CERT_FILE: caFile };
}

function urlsOf(list: string): string[] {
  return readFileSync(list, 'utf8').trim().split('\n');
}
