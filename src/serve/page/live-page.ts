/** The live page as one text that needs nothing but the server it came from. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

export interface LivePage {
  readonly text: string;
  /** Its Content-Security-Policy: only what is in it may run, and only its own server may be asked. */
  readonly policy: string;
}

let made: Promise<LivePage> | undefined;

/** Made once. */
export function livePage(): Promise<LivePage> {
  made ??= make();
  return made;
}

async function make(): Promise<LivePage> {
  const require = createRequire(import.meta.url);
  const paths = {
    page: new URL('./page.html', import.meta.url),
    common: new URL('../../report/html/common.css', import.meta.url),
    style: new URL('./page.css', import.meta.url),
    script: new URL('./page.js', import.meta.url),
    words: new URL('./words.js', import.meta.url),
    plots: new URL('./plots.js', import.meta.url),
    hosts: new URL('./hosts.js', import.meta.url),
    follow: new URL('./follow.js', import.meta.url),
    plotLibrary: require.resolve('uplot/dist/uPlot.iife.min.js'),
    plotStyle: require.resolve('uplot/dist/uPlot.min.css'),
  };
  const read = Object.entries(paths).map(async ([name, path]) => [name, await readFile(path, 'utf8')] as const);
  const { page = '', ...parts }: Record<string, string> = Object.fromEntries(await Promise.all(read));
  const hashes = (names: readonly string[]): string =>
    names
      .map(
        (name) =>
          `'sha256-${createHash('sha256')
            .update(parts[name] ?? '')
            .digest('base64')}'`,
      )
      .join(' ');
  const policy = [
    "default-src 'none'",
    `script-src ${hashes(['plotLibrary', 'words', 'plots', 'hosts', 'follow', 'script'])}`,
    `style-src ${hashes(['plotStyle', 'common', 'style'])}`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { text: page.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? ''), policy };
}
