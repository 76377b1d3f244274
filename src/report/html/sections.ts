/** What a report's page says; the plots are drawn into it by plots.js. */
import { byteSize, count, duration, milliseconds, percent } from '../../format.ts';
import type { RunPlot } from '../plots.ts';
import type { Report } from '../report.ts';
import type { HostLine } from '../tally.ts';
import { html, type Markup } from './markup.ts';

export function pageBody(report: Report, runs: readonly RunPlot[]): Markup {
  return html`<main>
${header(report)}
${overTime(report)}
${loads(runs)}
${timeSplit(report)}
${errors(report)}
${hosts('Hosts with most rows', report.hosts.byRows)}
${hosts('Hosts with most failed rows', report.hosts.byFailure)}
${outputs(report)}
${list('Missing in this report', report.gaps)}
</main>
<footer class="quiet">flow-dc ${report.version}, ${new Date(report.generatedAtMs).toISOString()}</footer>`;
}

function header(report: Report): Markup {
  const { complete, outputs, rows, stored, failed, skipped, bytes, units, rates } = report;
  const names = outputs.length > 3 ? `${count(outputs.length)} folders` : outputs.map(({ out }) => out).join(', ');
  const runs = outputs.reduce((sum, output) => sum + output.runs.length, 0);
  const share = (part: number): string => percent(rows === 0 ? 0 : part / rows);
  return html`<header><h1>Download report</h1>${
    complete
      ? html`<span class="state">done</span>`
      : html`<span class="state unfinished">unfinished: flow-dc resume goes on</span>`
  }
<div class="quiet path">${names}</div></header>
<div class="tiles">
${tile(count(rows), complete ? 'rows' : 'rows settled')}${tile(count(stored), `stored, ${share(stored)}`, 'stored')}
${tile(count(failed), `failed, ${share(failed)}`, 'failed')}${tile(count(skipped), `skipped, ${share(skipped)}`, 'skipped')}
${tile(byteSize(bytes), `in ${count(units)} ${units === 1 ? 'shard' : 'shards'}`)}
${tile(duration(rates.workedMs), `in ${count(runs)} ${runs === 1 ? 'run' : 'runs'}`)}
${tile(`${count(rates.rowsPerSecond)}/s`, 'rows')}${tile(`${byteSize(rates.bytesPerSecond)}/s`, 'throughput')}
</div>`;
}

function tile(value: string, label: string, kind = ''): Markup {
  return html`<div class="tile ${kind}"><b>${value}</b><span class="quiet">${label}</span></div>`;
}

function overTime({ plots, latency: { headers } }: Report): Markup {
  if (plots.time.atMs.length === 0) return html``;
  const quantiles =
    headers === undefined ? '' : `: median ${milliseconds(headers.p50Ms)}, 95 % below ${milliseconds(headers.p95Ms)}`;
  return html`<h2>Over time</h2><div class="plots">
<div class="card"><h3>Throughput</h3><div data-plot="throughput"></div></div>
<div class="card"><h3>Outcomes</h3><div data-plot="outcomes"></div></div>
<div class="card"><h3>Latency${quantiles}</h3><div data-plot="latency"></div></div>
</div>`;
}

function loads(runs: readonly RunPlot[]): Markup {
  const cards = runs.flatMap((run, index) => [
    html`<div class="card"><h3>All hosts${runs.length > 1 ? `, ${run.out}` : ''}</h3><div data-plot="load" data-run="${index}"></div></div>`,
    ...run.hosts.map(
      ({ host }, at) =>
        html`<div class="card"><h3>${host}</h3><div data-plot="host" data-run="${index}" data-host="${at}"></div></div>`,
    ),
  ]);
  return cards.length === 0 ? html`` : html`<h2>Requests in flight and limits</h2><div class="plots">${cards}</div>`;
}

function timeSplit({ time: { ms, rows } }: Report): Markup {
  if (ms === undefined) return html``;
  const whole = Object.values(ms).reduce((sum, part) => sum + part, 0);
  const share = (value: number): number => (whole === 0 ? 0 : value / whole);
  const parts = Object.entries(ms).map(([name, value], i) => ({ name, value, i }));
  const bars = parts.map(
    ({ value, i }) => html`<div class="part-${i}" style="width:${(share(value) * 100).toFixed(2)}%"></div>`,
  );
  const lines = parts.map(
    ({
      name,
      value,
      i,
    }) => html`<tr><td><span class="dot part-${i}"></span>${name}</td><td class="number">${duration(value)}</td>
<td class="number">${percent(share(value))}</td><td class="number">${milliseconds(rows === 0 ? 0 : value / rows)}</td></tr>`,
  );
  return html`<h2>Where a row spends its time</h2><div class="card"><div class="bar">${bars}</div>
<table><tr><th>part</th><th class="number">all rows together</th><th class="number">share</th><th class="number">per row</th></tr>${lines}</table></div>`;
}

function errors({ errorLines }: Report): Markup {
  if (errorLines.length === 0) return html``;
  const lines = errorLines.map(({ code, rows, share, meaning, cause, next }) => {
    const command = next === undefined ? html`` : html`<br><code>${next}</code>`;
    return html`<tr><td><code>${code}</code></td><td class="number">${count(rows)}</td><td class="number">${percent(share)}</td>
<td>${meaning}<br><span class="quiet">${cause}</span>${command}</td></tr>`;
  });
  return html`<h2>What was not stored, and what to do</h2><div class="card scroll"><table>
<tr><th>code</th><th class="number">rows</th><th class="number">share</th><th>meaning, likely cause, next command</th></tr>${lines}</table></div>`;
}

function hosts(title: string, lines: readonly HostLine[]): Markup {
  if (lines.length === 0) return html``;
  const head = ['rows', 'stored', 'failed', 'bytes', 'median', '95 % below'].map(
    (name) => html`<th class="number">${name}</th>`,
  );
  const rows = lines.map(({ host, rows, stored, failed, bytes, p50Ms, p95Ms, topError = '' }) => {
    const cells = [count(rows), count(stored), count(failed), byteSize(bytes), latency(p50Ms), latency(p95Ms)];
    const numbers = cells.map((cell) => html`<td class="number">${cell}</td>`);
    return html`<tr><td>${host}</td>${numbers}<td>${topError === '' ? html`` : html`<code>${topError}</code>`}</td></tr>`;
  });
  return html`<h2>${title}</h2><div class="card scroll"><table><tr><th>host</th>${head}<th>top error</th></tr>${rows}</table></div>`;
}

function outputs({ outputs }: Report): Markup {
  if (outputs.length < 2) return html``;
  const rows = outputs.map(({ out, complete, rows, stored, failed, bytes, rates, runs }) => {
    const cells = [
      count(rows),
      count(stored),
      count(failed),
      byteSize(bytes),
      duration(rates.workedMs),
      count(runs.length),
    ];
    return html`<tr><td>${out}</td><td>${complete ? 'done' : 'unfinished'}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
  });
  const head = ['rows', 'stored', 'failed', 'bytes', 'time', 'runs'].map(
    (name) => html`<th class="number">${name}</th>`,
  );
  return html`<h2>Folders</h2><div class="card scroll"><table><tr><th>folder</th><th>state</th>${head}</tr>${rows}</table></div>`;
}

function list(title: string, lines: readonly string[]): Markup {
  return lines.length === 0
    ? html``
    : html`<h2>${title}</h2><div class="card"><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></div>`;
}

function latency(ms: number | undefined): string {
  return ms === undefined ? '-' : milliseconds(ms);
}
