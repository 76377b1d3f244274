/** A real browser without a network, for pages that must not need one. */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { findProgram, isExecutable } from '../../src/cluster/find-program.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
/** Nothing that the browser would like to do by itself. */
const FLAGS = [
  'no-sandbox',
  'disable-gpu',
  'disable-quic',
  'no-first-run',
  'disable-background-networking',
  'disable-component-update',
];

/** Chromium's path: CHROMIUM_BIN, or the first on the PATH; undefined without one. */
export function findChromium(): string | undefined {
  const usual = [process.env.CHROMIUM_BIN ?? '', '/usr/bin/chromium'].find(isExecutable);
  return usual ?? findProgram(NAMES, process.env.PATH);
}

export interface OpenPage {
  readonly page: Page;
  /** Every URL that was asked for, and everything that the page complained about. */
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  /** Of the window. Default 1240. */
  readonly width?: number;
  /** Refuse every network request. */
  readonly offline?: boolean;
}

/** Open a file with every network request refused; the browser ends with the test. */
export function openPage(
  path: string,
  executablePath: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<OpenPage> {
  return openUrl(`file://${encodeURI(path)}`, executablePath, { colorScheme, offline: true });
}

/** Open a page; the browser ends with the test. */
export async function openUrl(
  url: string,
  executablePath: string,
  { colorScheme = 'light', width = 1240, offline = false }: PageOptions = {},
): Promise<OpenPage> {
  const args = [...FLAGS, 'disable-sync'].map((flag) => `--${flag}`);
  const browser: Browser = await chromium.launch({ executablePath, args, timeout: 60_000 });
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ offline, colorScheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on(
    'console',
    (message) => (message.type() === 'error' || message.type() === 'warning') && complaints.push(message.text()),
  );
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, requests, complaints };
}

/** What a browser that needs help would stumble over, by rule and place. As text: this has no types of a browser. */
export async function barriers({ page }: OpenPage): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { target: string[] }[] }[];
  }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}
