/** An nginx in front of another origin, with limits of its own; its log is what is measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../speed/free-port.ts';
import type { NginxLimit } from './nginx-limits.ts';
import { type Ended, type HostReport, reportOn } from './paarc-host-report.ts';
import type { Front } from './paarc-run.ts';

const START_DEADLINE_MS = 10_000;

/**
 * Start nginx with everything it writes in `folder`.
 * @param backend - port of the origin behind it, on the loopback interface
 */
export async function startNginxFront(
  nginx: string,
  folder: string,
  limit: NginxLimit,
  backend: number,
): Promise<Front> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configOf(folder, limit, port, backend));
  const child = spawn(nginx, ['-e', 'stderr', '-p', folder, '-c', config], { stdio: ['ignore', 'ignore', 'ignore'] });
  const gone = once(child, 'exit');
  const kill = (): void => void child.kill('SIGTERM');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    kill();
    await gone;
    process.removeListener('exit', kill);
  };
  const untilMs = performance.now() + START_DEADLINE_MS;
  // A connection without a request is in no log.
  while (!(await accepts(port))) {
    if (child.exitCode === null && performance.now() < untilMs) await wait(50);
    else {
      await stop();
      throw new Error(`nginx does not listen, exit code ${child.exitCode}`);
    }
  }
  return {
    connectTo: `::127.0.0.1:${port}`,
    report: async (reportUntilMs) => reportOfLog(await readFile(join(folder, 'access.log'), 'utf8'), reportUntilMs),
    stop,
  };
}

/** Lines of `$msec $request_time $status`, both times in seconds, at the end of a request. */
function reportOfLog(log: string, untilMs: number): HostReport {
  const requests = log
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .filter((fields) => fields.length === 3) as [number, number, number][];
  const firstS = requests.reduce((least, [endS, tookS]) => Math.min(least, endS - tookS), Number.POSITIVE_INFINITY);
  return reportOn(
    requests.map(
      ([endS, tookS, status]): Ended => ({
        atMs: 1000 * (endS - firstS),
        tookMs: 1000 * tookS,
        isOk: status === 200,
      }),
    ),
    untilMs,
  );
}

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function configOf(folder: string, { http, server }: NginxLimit, port: number, backend: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  log_format times '$msec $request_time $status';
  access_log ${folder}/access.log times;
  keepalive_requests 1000000000;
  ${http}
  upstream origin {
    server 127.0.0.1:${backend};
    keepalive 512;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    server_name _;
    ${server}
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
    }
  }
}
`;
}
