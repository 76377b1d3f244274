/** The origin of machines without nginx: several Node processes on the same two ports, pictures in memory. */
import cluster from 'node:cluster';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

interface Plan {
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly certFile: string;
  readonly certFolder?: string | undefined;
  readonly keyFile: string;
  readonly processes: number;
}

const plan = JSON.parse(process.argv[2] as string) as Plan;

// Workers end when the channel to the first process closes, however that ends.
if (cluster.isPrimary) for (let index = 0; index < plan.processes; index++) cluster.fork();
else serve(readPictures(join(plan.folder, 'www')));

function serve(pictures: ReadonlyMap<string, Buffer>): void {
  const answer: RequestListener = (request, response) => {
    const [, name = '', number = ''] = /^\/(\w+)\/[^/]*-(\d+)\.jpg$/.exec(request.url ?? '') ?? [];
    const picture = pictures.get(`${name}/${number}.jpg`);
    if (picture === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length }).end(picture);
  };
  const key = readFileSync(plan.keyFile);
  const contexts = new Map<string, SecureContext>();
  const SNICallback = (name: string, done: (error: Error | null, context: SecureContext) => void): void => {
    const certFile = plan.certFolder === undefined ? plan.certFile : join(plan.certFolder, `${name}.pem`);
    const context = contexts.get(name) ?? createSecureContext({ key, cert: readFileSync(certFile) });
    contexts.set(name, context);
    done(null, context);
  };
  const tls = { key, cert: readFileSync(plan.certFile), SNICallback };
  for (const [server, port] of [
    [createServer(answer), plan.httpPort],
    [createTlsServer(tls, answer), plan.httpsPort],
  ] as const) {
    server.keepAliveTimeout = 60_000;
    server.listen({ port, host: '127.0.0.1', backlog: 4096 });
  }
}

function readPictures(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}
