/** What the parts of the live page share: numbers as people read them, and elements whose text is only ever text. */
window.live = (() => {
  const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

  function scaled(value, step, units) {
    let unit = 0;
    let shown = value;
    while (Math.abs(shown) >= step && unit < units.length - 1) {
      shown /= step;
      unit += 1;
    }
    const digits = unit === 0 || shown >= 100 ? 0 : 1;
    return `${shown.toFixed(digits)}${units[unit] === '' ? '' : `\u00a0${units[unit]}`}`;
  }

  function duration(ms) {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
    return `${(seconds / 86_400).toFixed(1)} days`;
  }

  /** An element with text or other elements in it. */
  function make(name, { className, title, ...attributes } = {}, ...content) {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (title) element.title = title;
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    element.append(...content.map((part) => (part instanceof Node ? part : String(part))));
    return element;
  }

  /** Only when it is another one: what is set anew is read out anew, and loses what somebody has marked. */
  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /** @returns the reply; undefined without one that is good, for what comes again by itself */
  async function get(path) {
    const reply = await fetch(path, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    return reply?.ok ? reply : undefined;
  }

  return {
    get,
    count: (value) => whole.format(value),
    rate: (value) => (value > 0 && value < 10 ? value.toFixed(1) : whole.format(value)),
    bytes: (value) => scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']),
    short: (value) => (value === null || value === undefined ? '-' : scaled(value, 1000, ['', 'k', 'M', 'G', 'T'])),
    latency: (ms) => (ms === undefined ? '-' : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`),
    duration,
    make,
    say,
    byId: (id) => document.getElementById(id),
  };
})();
