/** The plots of the live page, drawn with uPlot: made once, then given their points anew. */
live.plots = (() => {
  const HEIGHT = 190;
  const MARKED_BELOW = 20;
  const MAX_HOSTS = 6;

  let points = [];
  const drawn = new Map();

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const fromZero = (_plot, _least, most) => [0, most > 0 ? most * 1.08 : 1];
  const seconds = () => points.map(({ elapsedMs }) => elapsedMs / 1000);

  function axis(scale, more) {
    const grid = { stroke: color('grid'), width: 1 };
    const values = (_, all) => all.map(live.short);
    return { scale, stroke: color('quiet'), grid, ticks: grid, size: 52, values, ...more };
  }

  function line(label, stroke, more) {
    const points = { show: (plot) => plot.data[0].length < MARKED_BELOW, size: 4 };
    return { label, stroke: color(stroke), width: 1.75, points, value: (_, value) => live.short(value), ...more };
  }

  /** Two lines; the second with a scale of its own where both are not of one kind. */
  function draw(element, name, lines, data, ownScale) {
    const known = drawn.get(name);
    if (known !== undefined) return known.plot.setData(data);
    const width = Math.max(240, element.clientWidth);
    const time = axis('x', { size: 40, values: (_, all) => all.map((at) => live.duration(at * 1000)), space: 80 });
    const second = ownScale ? [axis('other', { side: 1, grid: { show: false } })] : [];
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { drag: { x: true, y: false } },
        series: [{ label: 'time', value: (_, at) => (at === null ? '-' : live.duration(at * 1000)) }, ...lines],
        scales: { x: { time: false }, y: { range: fromZero }, other: { range: fromZero } },
        axes: [time, axis('y'), ...second],
      },
      data,
      element,
    );
    drawn.set(name, { plot, element });
  }

  function drawAll() {
    if (points.length < 2) return;
    const of = (name) => points.map((point) => point[name]);
    const other = { scale: 'other' };
    draw(
      document.querySelector('[data-plot="throughput"]'),
      'throughput',
      [line('rows/s', 'first'), line('bytes/s', 'second', other)],
      [seconds(), of('rowsPerSecond'), of('bytesPerSecond')],
      true,
    );
    draw(
      document.querySelector('[data-plot="load"]'),
      'load',
      [line('in flight', 'first'), line('rows waiting', 'second', other)],
      [seconds(), of('inFlight'), of('queued')],
      true,
    );
    drawHosts();
  }

  /** Those that were busiest lately. */
  function drawHosts() {
    const busy = new Map();
    for (const point of points.slice(-60))
      for (const [host, , inFlight] of point.hosts) busy.set(host, (busy.get(host) ?? 0) + inFlight + 1);
    const hosts = [...busy]
      .sort((a, b) => b[1] - a[1])
      .slice(0, MAX_HOSTS)
      .map(([host]) => host);
    for (const [name, { plot, element }] of drawn) {
      if (!name.startsWith('host ') || hosts.includes(name.slice(5))) continue;
      plot.destroy();
      element.parentElement.remove();
      drawn.delete(name);
    }
    live.byId('host-plots-title').hidden = hosts.length === 0;
    for (const host of hosts) drawHost(host);
  }

  function drawHost(host) {
    const name = `host ${host}`;
    let element = drawn.get(name)?.element;
    if (element === undefined) {
      element = live.make('div');
      live
        .byId('host-plots')
        .append(live.make('figure', { className: 'card' }, live.make('figcaption', {}, host), element));
    }
    const found = points.map((point) => point.hosts.find(([other]) => other === host));
    const stepped = { paths: uPlot.paths.stepped({ align: 1 }) };
    const data = [seconds(), found.map((one) => one?.[1] ?? null), found.map((one) => one?.[2] ?? null)];
    draw(element, name, [line('limit', 'second', stepped), line('in flight', 'first')], data, false);
  }

  function redraw() {
    for (const { plot } of drawn.values()) plot.destroy();
    drawn.clear();
    live.byId('host-plots').replaceChildren();
    drawAll();
  }

  for (const media of ['(prefers-color-scheme: dark)', 'print']) matchMedia(media).addEventListener('change', redraw);
  addEventListener('resize', () => {
    for (const { plot, element } of drawn.values())
      plot.setSize({ width: Math.max(240, element.clientWidth), height: HEIGHT });
  });

  return {
    show(all) {
      points = all;
      drawAll();
    },
  };
})();
