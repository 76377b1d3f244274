/** The nginx of this machine, or of its package manager, and how it is set up. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runStep } from '../../scripts/run-step.ts';
import { findProgram } from './find-program.ts';

export interface Nginx {
  readonly path: string;
  /** As in `nginx/1.22.1`. */
  readonly version: string;
}

/** Find one, or install the distribution's when we are root. @returns undefined where that does not work */
export async function obtainNginx(): Promise<Nginx | undefined> {
  const path = find() ?? (await install());
  if (path === undefined) return undefined;
  const { stderr } = await promisify(execFile)(path, ['-v']);
  return { path, version: /nginx\/[\d.]+/.exec(stderr)?.[0] ?? 'nginx' };
}

async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  process.stderr.write('no nginx: trying apt-get install nginx-light\n');
  const tryIt = () => runStep('apt-get', ['install', '-y', '--no-install-recommends', 'nginx-light']);
  if (!(await tryIt()).ok && (await runStep('apt-get', ['update'])).ok) await tryIt();
  return find();
}

/** In folders too that are often not in a user's PATH. */
function find(): string | undefined {
  return findProgram('nginx', ['/usr/sbin', '/usr/local/sbin']);
}

/** What an origin of either kind is started with. */
export interface OriginPlan {
  /** Pictures are in FOLDER/www/CLASS/NUMBER.jpg; also the place for certificates and whatever the server writes. */
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly certFile: string;
  /** A folder with NAME.pem for every host that has a certificate of its own; all have that of `certFile` without it. */
  readonly certFolder?: string | undefined;
  readonly keyFile: string;
  readonly processes: number;
}

/** Everything nginx writes is in our folder, so that it needs no rights; it stays in the foreground, as our child. */
export function nginxConfig({
  folder,
  httpPort,
  httpsPort,
  certFile,
  certFolder,
  keyFile,
  processes,
}: OriginPlan): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off;
worker_processes ${processes};
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 8192; }
http {
${temporary.join('\n')}
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 60s;
  # The defaults close a connection after 1000 requests, and after an hour.
  keepalive_requests 1000000000;
  open_file_cache max=4000 inactive=600s;
  open_file_cache_valid 600s;
  types { image/jpeg jpg; }
  map $ssl_server_name $certificate {
    default ${certFolder === undefined ? certFile : `${certFolder}/$ssl_server_name.pem`};
    "" ${certFile};
  }
  server {
    listen 127.0.0.1:${httpPort} backlog=4096;
    listen 127.0.0.1:${httpsPort} ssl backlog=4096;
    ssl_certificate ${certFolder === undefined ? certFile : '$certificate'};
    ssl_certificate_key ${keyFile};
    # As most of the web speaks; older releases leave 1.3 out.
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:speed:10m;
    root ${folder}/www;
    location = / { return 204; }
    rewrite "^/([0-9a-z]+)/[^/]*-([0-9]+)\\.jpg$" /$1/$2.jpg break;
  }
}
`;
}
