/** What a report's page says; the plots are drawn into it by plots.js. */
import { byteSize, count, duration, milliseconds, percent } from '../../format.ts';
import { heldLine, holderLine } from '../head-lines.ts';
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
${terms(report)}
${hosts('Hosts with most failed rows', report.hosts.byFailure)}
${outputs(report)}
${list('Missing in this report', report.gaps)}
</main>
<footer class="quiet">flow-dc ${report.version}, ${new Date(report.generatedAtMs).toISOString()}</footer>`;
}

function header(report: Report): Markup {
  const { complete, outputs, rows, fetched, failed, skipped, bytes, units, rates } = report;
  const names = outputs.length > 3 ? `${count(outputs.length)} folders` : outputs.map(({ out }) => out).join(', ');
  const runs = outputs.reduce((sum, output) => sum + output.runs.length, 0);
  const share = (part: number): string => percent(rows === 0 ? 0 : part / rows);
  const lost = [
    tile(count(failed), `failed, ${share(failed)}`, 'failed'),
    tile(count(skipped), `skipped, ${share(skipped)}`, 'skipped'),
  ];
  return html`<header><h1>Download report</h1>${
    complete
      ? html`<span class="state">done</span>`
      : html`<span class="state unfinished">unfinished: flow-dc resume goes on</span>`
  }
<div class="quiet path">${names}</div></header>
<div class="tiles">
${tile(count(rows), complete ? 'rows' : 'rows settled')}${tile(count(fetched), `fetched, ${share(fetched)}`, 'fetched')}
${lost}
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
${card('Throughput', html`<div data-plot="throughput"></div>`)}
${card('Outcomes', html`<div data-plot="outcomes"></div>`)}
${card(`Latency${quantiles}`, html`<div data-plot="latency"></div>`)}
</div>`;
}

function loads(runs: readonly RunPlot[]): Markup {
  const cards = runs.flatMap(({ out, hosts }, run) => [
    card(`All hosts${runs.length > 1 ? `, ${out}` : ''}`, html`<div data-plot="load" data-run="${run}"></div>`),
    ...hosts.map(({ host }, at) => card(host, html`<div data-plot="host" data-run="${run}" data-host="${at}"></div>`)),
  ]);
  return cards.length === 0 ? html`` : html`<h2>Requests in flight and limits</h2><div class="plots">${cards}</div>`;
}

function timeSplit({ time: { ms, rows }, rates, outputs }: Report): Markup {
  if (ms === undefined) return html``;
  const whole = Object.values(ms).reduce((sum, part) => sum + part, 0);
  const share = (value: number): number => (whole === 0 ? 0 : value / whole);
  const parts = Object.entries(ms).map(([name, value], i) => ({ name, value, i }));
  const bars = parts.map(
    ({ value, i }) => html`<div class="part-${i}" style="width:${(share(value) * 100).toFixed(2)}%"></div>`,
  );
  const lines = parts.map(
    ({ name, value, i }) => html`<tr><td><span class="dot part-${i}"></span>${name}</td>${numbers([duration(value)])}
${numbers([percent(share(value)), milliseconds(rows === 0 ? 0 : value / rows)])}</tr>`,
  );
  const held = [
    ...heldLine(
      outputs.map(({ out }) => out),
      rates.heldShare,
      outputs[0]?.upload,
    ),
    ...holderLine(rates.workedMs, rates.heldBy),
  ];
  return html`<h2>Where a row spends its time</h2>${scroll(
    'Where a row spends its time',
    html`<div class="bar">${bars}</div>
${held.map((line) => html`<p>${line}</p>`)}<table><tr><th>part</th>${numberHeads(['all rows together', 'share', 'per row'])}</tr>${lines}</table>`,
  )}`;
}

function errors({ errorLines }: Report): Markup {
  if (errorLines.length === 0) return html``;
  const lines = errorLines.map(({ code, rows, share, meaning, cause, next }) => {
    const command = next === undefined ? html`` : html`<br><code>${next}</code>`;
    return html`<tr><td><code>${code}</code></td>${numbers([count(rows), percent(share)])}
<td>${meaning}<br><span class="quiet">${cause}</span>${command}</td></tr>`;
  });
  const columns = numberHeads(['rows', 'share']);
  const head = html`<tr><th>code</th>${columns}<th>meaning, likely cause, next command</th></tr>`;
  return table('What was not fetched, and what to do', head, lines);
}

function hosts(title: string, lines: readonly HostLine[]): Markup {
  if (lines.length === 0) return html``;
  const columns = numberHeads(['rows', 'fetched', 'failed', 'bytes', 'median', '95 % below']);
  const rows = lines.map(({ host, rows, fetched, failed, bytes, p50Ms, p95Ms, topError }) => {
    const cells = [count(rows), count(fetched), count(failed), byteSize(bytes), latency(p50Ms), latency(p95Ms)];
    const error = topError === undefined || topError === '' ? html`` : html`<code>${topError}</code>`;
    return html`<tr><td>${host}</td>${numbers(cells)}<td>${error}</td></tr>`;
  });
  return table(title, html`<tr><th>host</th>${columns}<th>top error</th></tr>`, rows);
}

function terms({ hosts: { terms: said } }: Report): Markup {
  if (said.length === 0) return html``;
  const rows = said.map(
    ({ host, rule = '', asks = '' }) => html`<tr><td>${host}</td><td>${rule}</td><td>${asks}</td></tr>`,
  );
  return table('Rules for hosts', html`<tr><th>host</th><th>configuration</th><th>it asks for</th></tr>`, rows);
}

function outputs({ outputs }: Report): Markup {
  if (outputs.length < 2) return html``;
  const rows = outputs.map(({ out, complete, rows, fetched, failed, bytes, rates, runs }) => {
    const { workedMs } = rates;
    const cells = [count(rows), count(fetched), count(failed), byteSize(bytes), duration(workedMs), count(runs.length)];
    return html`<tr><td>${out}</td><td>${complete ? 'done' : 'unfinished'}</td>${numbers(cells)}</tr>`;
  });
  const columns = numberHeads(['rows', 'fetched', 'failed', 'bytes', 'time', 'runs']);
  return table('Folders', html`<tr><th>folder</th><th>state</th>${columns}</tr>`, rows);
}

function list(title: string, lines: readonly string[]): Markup {
  return lines.length === 0
    ? html``
    : html`<h2>${title}</h2><div class="card"><ul>${lines.map((line) => html`<li>${line}</li>`)}</ul></div>`;
}

function card(title: string, content: Markup): Markup {
  return html`<div class="card"><h3>${title}</h3>${content}</div>`;
}

function table(title: string, head: Markup, rows: readonly Markup[]): Markup {
  return html`<h2>${title}</h2>${scroll(title, html`<table>${head}${rows}</table>`)}`;
}

/** What may be wider than the screen is moved with the keyboard too. */
function scroll(title: string, content: Markup): Markup {
  return html`<div class="card scroll" tabindex="0" role="group" aria-label="${title}">${content}</div>`;
}

function numberHeads(names: readonly string[]): Markup[] {
  return names.map((name) => html`<th class="number">${name}</th>`);
}

function numbers(values: readonly string[]): Markup[] {
  return values.map((value) => html`<td class="number">${value}</td>`);
}

function latency(ms: number | undefined): string {
  return ms === undefined ? '-' : milliseconds(ms);
}
