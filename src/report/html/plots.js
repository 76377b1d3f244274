/** Draws the plots of a report with uPlot, which the page holds as well. Labels are set as text, never as markup. */
(() => {
  const HEIGHT = 220;
  /** Points of lines with fewer of them are marked, or a short run would show nothing. */
  const MARKED_BELOW = 40;
  /** Buckets without rows are pauses within a run up to this; beyond it the line breaks. */
  const BREAK_MS = 60_000;

  const { time, runs } = JSON.parse(document.getElementById('plot-data').textContent);
  let drawn = [];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** Time series with what is not in them: zeros (or nothing) around short pauses, a break in long ones. */
  function withPauses(columns, empty) {
    const { atMs, bucketMs } = time;
    const out = [[], ...columns.map(() => [])];
    const push = (ms, values) => {
      out[0].push(ms / 1000);
      for (const [i, value] of values.entries()) out[i + 1].push(value);
    };
    atMs.forEach((ms, i) => {
      const pause = i === 0 ? 0 : ms - atMs[i - 1] - bucketMs;
      const filler = columns.map(() => (pause > BREAK_MS ? null : empty));
      if (pause > 0) push(atMs[i - 1] + bucketMs, filler);
      if (pause > bucketMs) push(ms - bucketMs, filler);
      push(
        ms,
        columns.map((column) => column[i]),
      );
    });
    return out;
  }

  const perSecond = (column) => column.map((value) => (value * 1000) / time.bucketMs);

  function short(value) {
    if (value === null || value === undefined) return '-';
    const units = ['', 'k', 'M', 'G', 'T'];
    let unit = 0;
    let scaled = value;
    while (Math.abs(scaled) >= 1000 && unit < units.length - 1) {
      scaled /= 1000;
      unit += 1;
    }
    return `${Math.abs(scaled) >= 100 || Number.isInteger(scaled) ? Math.round(scaled) : scaled.toPrecision(2)}${unit === 0 ? '' : ` ${units[unit]}`}`;
  }

  function latencyText(ms) {
    if (ms === null || ms === undefined) return '-';
    return ms >= 1000 ? `${+(ms / 1000).toPrecision(3)} s` : `${+ms.toPrecision(3)} ms`;
  }

  function line(label, stroke, points, more) {
    const show = points < MARKED_BELOW;
    return {
      label,
      stroke: color(stroke),
      width: 1.75,
      value: (_, value) => short(value),
      points: { show, size: 5 },
      ...more,
    };
  }

  function axis(scale, label, more) {
    const stroke = color('quiet');
    const grid = { stroke: color('grid'), width: 1 };
    return { scale, label, stroke, grid, ticks: grid, size: 56, values: (_, values) => values.map(short), ...more };
  }

  const timeAxis = () => {
    const { values: _values, ...plain } = axis('x', undefined);
    // The longest label is a date with an hour.
    return { ...plain, size: 46, space: 80 };
  };

  function draw(element, data, series, options) {
    const plot = new uPlot(
      {
        width: Math.max(280, element.clientWidth),
        height: HEIGHT,
        cursor: { drag: { x: true, y: false } },
        series: [{ value: (_, at) => (at === null ? '-' : new Date(at * 1000).toLocaleString()) }, ...series],
        ...options,
        axes: [timeAxis(), ...options.axes],
      },
      data,
      element,
    );
    drawn.push({ plot, element });
  }

  function throughput(element) {
    const data = withPauses(
      [perSecond(time.fetched.map((n, i) => n + time.failed[i] + time.skipped[i])), perSecond(time.bytes)],
      0,
    );
    const series = [
      line('rows/s', 'first', data[0].length),
      line('bytes/s', 'second', data[0].length, { scale: 'bytes' }),
    ];
    const axes = [axis('y', 'rows/s'), axis('bytes', 'bytes/s', { side: 1, grid: { show: false } })];
    draw(element, data, series, { axes, scales: { y: { range: fromZero }, bytes: { range: fromZero } } });
  }

  /** Stacked: the top line is all rows. */
  function outcomes(element) {
    const fetched = perSecond(time.fetched);
    const withFailed = perSecond(time.failed).map((value, i) => value + fetched[i]);
    const all = perSecond(time.skipped).map((value, i) => value + withFailed[i]);
    const data = withPauses([all, withFailed, fetched], 0);
    const area = (label, stroke, below) =>
      line(label, stroke, data[0].length, {
        // Opaque: each area covers the lower part of the one before.
        fill: color(stroke),
        value: (u, value, _series, i) =>
          short(value === null || below === 0 || i === null ? value : value - (u.data[below][i] ?? 0)),
      });
    const series = [area('skipped/s', 'skipped', 2), area('failed/s', 'failed', 3), area('fetched/s', 'fetched', 0)];
    draw(element, data, series, { axes: [axis('y', 'rows/s')], scales: { y: { range: fromZero } } });
  }

  function latency(element) {
    const data = withPauses([time.p50Ms, time.p95Ms], null);
    const value = { value: (_, ms) => latencyText(ms) };
    const series = [
      line('median', 'first', data[0].length, value),
      line('95 % below', 'second', data[0].length, value),
    ];
    draw(element, data, series, {
      axes: [axis('y', 'to headers', { size: 72, values: (_, values) => values.map(latencyText) })],
      scales: { y: { range: fromZero } },
    });
  }

  function load(element, run) {
    const data = [run.atMs.map((ms) => ms / 1000), run.inFlight, run.queued];
    const series = [
      line('in flight', 'first', data[0].length),
      line('rows queued', 'second', data[0].length, { scale: 'queued' }),
    ];
    const axes = [axis('y', 'requests'), axis('queued', 'rows queued', { side: 1, grid: { show: false } })];
    draw(element, data, series, { axes, scales: { y: { range: fromZero }, queued: { range: fromZero } } });
  }

  function hostLoad(element, run, host) {
    const data = [run.atMs.map((ms) => ms / 1000), host.limit, host.inFlight];
    const stepped = { paths: uPlot.paths.stepped({ align: 1 }) };
    const series = [
      line('limit', 'second', data[0].length, stepped),
      line('in flight', 'first', data[0].length, { fill: `${color('first')}22` }),
    ];
    draw(element, data, series, { axes: [axis('y', 'requests')], scales: { y: { range: fromZero } } });
  }

  function fromZero(_plot, _least, most) {
    return [0, most > 0 ? most * 1.08 : 1];
  }

  function drawAll() {
    for (const { plot } of drawn) plot.destroy();
    drawn = [];
    const byName = { throughput, outcomes, latency };
    for (const element of document.querySelectorAll('[data-plot]')) {
      const run = runs[Number(element.dataset.run)];
      if (byName[element.dataset.plot] !== undefined) byName[element.dataset.plot](element);
      else if (element.dataset.plot === 'load') load(element, run);
      else hostLoad(element, run, run.hosts[Number(element.dataset.host)]);
    }
  }

  drawAll();
  for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', drawAll);
  addEventListener('resize', () => {
    for (const { plot, element } of drawn) plot.setSize({ width: Math.max(280, element.clientWidth), height: HEIGHT });
  });
})();
