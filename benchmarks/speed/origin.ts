/** The server that all contenders download from: nginx where there is one, else several Node processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { createTestCa, type TestCa } from '../../test/support/test-ca.ts';
import { freePort } from './free-port.ts';
import { nginxConfig, type OriginPlan, obtainNginx } from './nginx.ts';

export interface SpeedOrigin {
  /** For the report: program and version. */
  readonly name: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The authority that signed for 127.0.0.1. */
  readonly caFile: string;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 20_000;

/**
 * Serve /CLASS/ANYTHING-NUMBER.jpg for every host name on two loopback ports, http and https. The server ends with this
 * process at the latest.
 * @param loops - the folder of the compiled loops, the Node origin among them
 * @param tlsHosts - names that get a certificate each
 */
export async function startSpeedOrigin(
  folder: string,
  wanted: 'nginx' | 'node' | 'auto',
  loops: string,
  tlsHosts: readonly string[],
): Promise<SpeedOrigin> {
  const ca = createTestCa();
  const caFile = await keep(folder, 'ca.pem', ca.caPem);
  const plan: OriginPlan = {
    folder,
    httpPort: await freePort(),
    httpsPort: await freePort(),
    // Addresses are asked for without a name.
    certFile: await keep(folder, 'cert.pem', ca.certFor('127.0.0.1', ...tlsHosts.filter(isIPv4))),
    certFolder: tlsHosts.length === 0 ? undefined : await keepCertificates(join(folder, 'certs'), ca, tlsHosts),
    keyFile: await keep(folder, 'key.pem', String(ca.tls.key)),
    // The contenders need cores too.
    processes: Math.max(1, Math.floor(cpus().length / 2)),
  };
  const nginx = wanted === 'node' ? undefined : await obtainNginx();
  if (nginx === undefined && wanted === 'nginx') throw new Error('no nginx found, and none could be installed');
  const child =
    nginx === undefined
      ? spawn(process.execPath, [join(loops, 'node-origin.js'), JSON.stringify(plan)], {
          stdio: ['ignore', 'ignore', 'inherit'],
        })
      : spawn(nginx.path, ['-e', 'stderr', '-p', folder, '-c', await keep(folder, 'nginx.conf', nginxConfig(plan))], {
          stdio: ['ignore', 'ignore', 'inherit'],
        });
  const kill = (): void => void child.kill('SIGTERM');
  // Before folders are removed, which are of no use to it then.
  process.prependOnceListener('exit', kill);
  await answers(child, plan.httpPort);
  return {
    name: nginx === undefined ? `node ${process.version}, ${plan.processes} processes` : nginx.version,
    ...{ httpPort: plan.httpPort, httpsPort: plan.httpsPort, caFile },
    stop: async () => {
      const gone = once(child, 'exit');
      kill();
      await gone;
      process.removeListener('exit', kill);
    },
  };
}

async function answers(child: ChildProcess, port: number): Promise<void> {
  const untilMs = performance.now() + START_DEADLINE_MS;
  while (performance.now() < untilMs) {
    if (child.exitCode !== null) throw new Error(`the origin ended with ${child.exitCode}`);
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    await response?.arrayBuffer();
    if (response !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`the origin did not answer within ${START_DEADLINE_MS / 1000} s`);
}

async function keep(folder: string, name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function keepCertificates(folder: string, ca: TestCa, hosts: readonly string[]): Promise<string> {
  await mkdir(folder);
  for (const host of new Set(hosts)) await keep(folder, `${host}.pem`, ca.certFor(host));
  return folder;
}
