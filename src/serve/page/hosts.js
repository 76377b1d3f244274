/** The table of hosts: the server sorts and searches, the page asks for one part at a time. */
live.hosts = (() => {
  const PAGE = 50;
  const COLUMNS = [
    ['host', 'host'],
    ['state', 'state'],
    ['limit', 'limit', 'number'],
    ['inFlight', 'in flight', 'number'],
    ['waiting', 'waiting', 'number'],
    ['p50Ms', 'median', 'number'],
    ['p95Ms', '95 % below', 'number'],
    ['fetched', 'fetched', 'number'],
    ['failed', 'failed', 'number'],
    ['bytes', 'bytes', 'number'],
    ['refused', 'refused', 'number'],
  ];
  /** These begin with the least. */
  const RISING = ['host', 'state'];

  const wanted = { sort: 'waiting', rising: false, search: '', offset: 0 };
  let found = 0;
  let shown = { offset: 0, lines: [] };
  let mayChange = false;
  let rules = new Map();
  /** Workers tell of their hosts what they do, and not what they did. */
  let isCounted = true;
  let held;
  let mostAtOnce;
  let asked = 0;
  let onChange = () => {};

  const table = live.byId('hosts');

  async function ask() {
    asked += 1;
    const turn = asked;
    const { sort, rising, search, offset } = wanted;
    const query = new URLSearchParams({ sort, rising: rising ? '1' : '0', search, offset, limit: PAGE });
    const reply = await live.get(`hosts.json?${query}`);
    // An answer that was overtaken by another is not shown.
    if (reply === undefined || turn !== asked) return;
    const page = await reply.json();
    found = page.found;
    // Somebody has paged beyond the end of what there is.
    if (page.lines.length === 0 && offset > 0) {
      wanted.offset = Math.max(0, (Math.ceil(found / PAGE) - 1) * PAGE);
      return ask();
    }
    show(page);
  }

  /** The last words on hosts: those that are shown are as they were at the end. */
  function finish({ lines }) {
    const last = new Map(lines.map((line) => [line.host, line]));
    const over = { state: 'idle', limit: undefined, inFlight: 0, waiting: 0, waitsFor: '' };
    show({ ...shown, lines: shown.lines.map((line) => last.get(line.host) ?? { ...line, ...over }) });
  }

  function show(page) {
    shown = page;
    const { offset, lines } = page;
    const last = offset + lines.length;
    live.say(
      live.byId('found'),
      found === 0 ? 'no host' : `${live.count(offset + 1)} to ${live.count(last)} of ${live.count(found)}`,
    );
    live.byId('back').disabled = offset === 0;
    live.byId('forth').disabled = last >= found;
    const focused = document.activeElement?.dataset?.host;
    table.tBodies[0].replaceChildren(...lines.map(row));
    if (focused !== undefined)
      [...table.querySelectorAll('button[data-host]')].find(({ dataset }) => dataset.host === focused)?.focus();
  }

  function row(line) {
    const { host, state, limit, inFlight, waiting, p50Ms, p95Ms, fetched, failed, bytes, refused, code, waitsFor } =
      line;
    const number = (text) => live.make('td', { className: 'number' }, text);
    const counted = (text) => number(isCounted ? text : '-');
    const last = live.make('td', {}, waitsFor, ...(code ? [' ', live.make('code', {}, code)] : []));
    const change = live.make('td');
    if (mayChange) change.append(button(host));
    const rule = rules.get(host);
    const name = live.make(
      'th',
      { className: 'host', scope: 'row' },
      host,
      ...(rule ? [live.make('div', { className: 'quiet' }, wordsOf(rule))] : []),
    );
    return live.make(
      'tr',
      { className: host === held ? 'held' : '' },
      name,
      live.make('td', {}, state),
      number(limit === undefined ? '-' : live.count(limit)),
      number(live.count(inFlight)),
      number(live.count(waiting)),
      number(live.latency(p50Ms)),
      number(live.latency(p95Ms)),
      counted(live.count(fetched)),
      counted(live.count(failed)),
      counted(live.bytes(bytes)),
      counted(live.count(refused)),
      last,
      change,
    );
  }

  function button(host) {
    const element = live.make(
      'button',
      { type: 'button', 'data-host': host, 'aria-label': `Change ${host}` },
      'Change',
    );
    element.addEventListener('click', () => open(host));
    return element;
  }

  function wordsOf({ skip, cMax, requestsPerSecond }) {
    const words = [
      skip && 'skipped',
      cMax && `at most ${cMax} at once`,
      requestsPerSecond && `at most ${requestsPerSecond}/s`,
    ];
    return words.filter(Boolean).join(', ');
  }

  function head() {
    const cells = COLUMNS.map(([name, label, className = '']) => {
      const direction = wanted.sort !== name ? 'none' : wanted.rising ? 'ascending' : 'descending';
      const mark = { none: '', ascending: ' \u2191', descending: ' \u2193' }[direction];
      const sort = live.make('button', { type: 'button' }, `${label}${mark}`);
      sort.addEventListener('click', () => {
        const isSame = wanted.sort === name;
        Object.assign(wanted, { sort: name, rising: isSame ? !wanted.rising : RISING.includes(name), offset: 0 });
        head();
        table.tHead.querySelectorAll('button')[COLUMNS.findIndex(([other]) => other === name)].focus();
        void ask();
      });
      return live.make('th', { scope: 'col', className, 'aria-sort': direction }, sort);
    });
    const rest = [live.make('th', { scope: 'col' }, 'waits for'), live.make('td', {})];
    table.tHead.rows[0].replaceChildren(...cells, ...rest);
  }

  const dialog = live.byId('host-dialog');

  function open(host) {
    const rule = rules.get(host) ?? {};
    live.byId('host-name').textContent = host;
    live.byId('host-error').textContent = '';
    live.byId('host-skip').checked = rule.skip === true;
    live.byId('host-cmax').value = rule.cMax ?? '';
    live.byId('host-rate').value = rule.requestsPerSecond ?? '';
    live.byId('host-cmax').max = mostAtOnce ?? 100_000;
    live.say(
      live.byId('host-most'),
      mostAtOnce === undefined ? '' : `The configuration allows ${live.count(mostAtOnce)}.`,
    );
    dialog.showModal();
  }

  live.byId('host-cancel').addEventListener('click', () => dialog.close());
  live.byId('host-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const number = (id) => (live.byId(id).value === '' ? undefined : Number(live.byId(id).value));
    const order = {
      host: live.byId('host-name').textContent,
      skip: live.byId('host-skip').checked,
      cMax: number('host-cmax'),
      requestsPerSecond: number('host-rate'),
    };
    const problem = await onChange(order);
    live.byId('host-error').textContent = problem ?? '';
    if (problem === undefined) dialog.close();
  });

  function turn(pages) {
    wanted.offset = Math.max(0, wanted.offset + pages * PAGE);
    void ask();
  }
  live.byId('back').addEventListener('click', () => turn(-1));
  live.byId('forth').addEventListener('click', () => turn(1));
  let typing;
  live.byId('search').addEventListener('input', ({ target }) => {
    Object.assign(wanted, { search: target.value, offset: 0 });
    clearTimeout(typing);
    typing = setTimeout(ask, 200);
  });
  head();

  return {
    ask,
    finish,
    /** What is known of hosts beside the table. */
    tell(state, canChange) {
      mayChange = canChange;
      isCounted = state.kind !== 'submit' && state.kind !== 'job';
      rules = new Map(state.controls.rules.map((rule) => [rule.host, rule]));
      held = state.holding.host;
      ({ mostAtOnce } = state.controls);
    },
    onChange(handler) {
      onChange = handler;
    },
  };
})();
