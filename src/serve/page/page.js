/** The live page: listens to the run's state, shows it, and sends what somebody decides, with the key. */
(() => {
  const HOSTS_MS = 2000;
  const ORDER_MS = 10_000;
  const { byId, say, make, count, bytes, rate, duration } = live;
  const PHASES = {
    ...{ starting: 'starting', working: 'working', paused: 'paused', draining: 'ending' },
    ...{ done: 'ended', stopped: 'stopped', failed: 'failed' },
  };

  let key = takeKey();
  let state;
  let version = -1;
  let points = 0;
  let askedMs = 0;
  let shownPhase;
  let showsPictures = sessionStorage.getItem('pictures') === '1';

  /** From the address, which then forgets it. */
  function takeKey() {
    const [, found] = /[#&]key=([\w-]+)/.exec(location.hash) ?? [];
    if (found !== undefined) {
      sessionStorage.setItem('key', found);
      history.replaceState(null, '', location.pathname);
    }
    return sessionStorage.getItem('key') ?? undefined;
  }

  function useKey() {
    say(byId('control-note'), '');
    if (state === undefined) return;
    showControls();
    live.hosts.tell(state, canChange());
    void live.hosts.ask();
  }

  /** @returns what is wrong, in words; undefined when it was done */
  async function send(path, body) {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key ?? ''}` };
    const terms = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ORDER_MS) };
    const reply = await fetch(path, terms).catch(({ name }) => name);
    if (reply === 'TimeoutError')
      return `No answer within ${ORDER_MS / 1000} s: it may have been done or not. The page shows what is so.`;
    if (typeof reply === 'string') return 'The run cannot be reached.';
    if (reply.ok) return undefined;
    if (reply.status === 401) {
      key = undefined;
      sessionStorage.removeItem('key');
      if (state) showControls();
    }
    return (await reply.json().catch(() => ({}))).error ?? `It answered ${reply.status}.`;
  }

  async function act(path, body, done) {
    const problem = await send(path, body);
    say(byId('control-note'), problem ?? done);
  }

  /** @param isLast - nothing more can be asked for */
  function show(next, isLast) {
    state = next;
    const { kind, output, job, phase, startedAtMs, version: program } = state;
    const word = phase === 'ended' ? state.outcome : phase;
    say(byId('phase'), PHASES[word]);
    byId('phase').className = `state ${word}`;
    const place = job === undefined ? output : `${output}, job ${job}`;
    say(byId('what'), `${kind}: ${place}, since ${new Date(startedAtMs).toLocaleString()}`);
    document.title = `${share()}${PHASES[word]}, ${output} - flow-dc`;
    say(byId('holding'), state.holding.words);
    say(byId('foot'), `flow-dc ${program}`);
    showProgress();
    showTiles();
    showCodes();
    showWorkers();
    // Those that are new could not be asked for.
    if (!isLast) showPictures();
    showNotices();
    showControls();
    live.hosts.tell(state, canChange());
    if (isLast) return;
    void showPlots();
    if (Date.now() - askedMs < HOSTS_MS && phase === shownPhase) return;
    shownPhase = phase;
    askedMs = Date.now();
    void live.hosts.ask();
  }

  function share() {
    const { done, total } = state.rows;
    return total ? `${Math.floor((100 * done) / total)} % ` : '';
  }

  function showProgress() {
    const { done, guess, total = guess } = state.rows;
    const bar = byId('done');
    if (total === undefined && state.phase !== 'ended') bar.removeAttribute('value');
    else bar.value = total ? Math.min(1, done / total) : 1;
    const left = state.etaMs === undefined ? '' : `About ${duration(state.etaMs)} left: `;
    const reason = `${left}${state.etaReason}.`;
    say(byId('eta'), `${reason[0].toUpperCase()}${reason.slice(1)}`);
  }

  function showTiles() {
    const { rows, inFlight, queued, hosts, own, units, threads } = state;
    const about = rows.guess === undefined || state.phase === 'ended' ? '' : ` of about ${live.short(rows.guess)}`;
    const total = rows.total === undefined ? about : ` of ${count(rows.total)}`;
    const unitWords = units.total === undefined ? 'shards done' : `of ${count(units.total)} shards done`;
    const tiles = [
      [count(rows.done), `rows${total}`],
      [count(rows.fetched), 'fetched', 'fetched'],
      [count(rows.failed), 'failed', 'failed'],
      [count(rows.skipped), 'skipped', 'skipped'],
      [bytes(state.bytes), 'stored'],
      [`${rate(state.rowsPerSecond)}/s`, 'rows'],
      [`${bytes(state.bytesPerSecond)}/s`, 'throughput'],
      [duration(state.elapsedMs), 'so far'],
      [count(inFlight), 'requests in flight'],
      [count(queued), 'rows waiting'],
      [count(hosts.busy), `of ${count(hosts.seen)} hosts with rows`],
      [count(units.committed), unitWords],
    ];
    if (units.open !== undefined) tiles.push([count(units.open), 'shards under way']);
    if (units.waiting !== undefined) tiles.push([count(units.waiting), 'shards nobody has taken']);
    if (own !== undefined)
      tiles.push(
        [own.cpu.toFixed(1), `cores in use, ${count(threads)} ${threads === 1 ? 'thread' : 'threads'}`],
        [bytes(own.rssBytes), 'memory'],
      );
    const list = byId('tiles');
    while (list.children.length < tiles.length) list.append(make('div', {}, make('dt'), make('dd')));
    while (list.children.length > tiles.length) list.lastElementChild.remove();
    tiles.forEach(([value, label, className = ''], at) => {
      const tile = list.children[at];
      tile.className = className;
      say(tile.firstElementChild, label);
      say(tile.lastElementChild, value);
    });
  }

  function showCodes() {
    const { codes } = state;
    byId('no-codes').hidden = codes.length > 0;
    const open = new Set([...document.querySelectorAll('#codes details[open]')].map(({ dataset }) => dataset.code));
    const focused = document.activeElement?.closest?.('#codes details')?.dataset.code;
    const rows = codes.map(({ code, rows, meaning, isTransient, samples }) => {
      const cell = make('td', {}, `${meaning}${isTransient ? '; may pass' : ''}`);
      if (samples.length > 0) {
        const list = make('ul', {}, ...samples.map((url) => make('li', {}, make('code', {}, url))));
        const details = make('details', { 'data-code': code }, make('summary', {}, `URLs with ${code}`), list);
        details.open = open.has(code);
        cell.append(details);
      }
      return make(
        'tr',
        {},
        make('td', {}, make('code', {}, code)),
        make('td', { className: 'number' }, count(rows)),
        cell,
      );
    });
    byId('codes').replaceChildren(...rows);
    if (focused !== undefined)
      [...document.querySelectorAll('#codes details')]
        .find(({ dataset }) => dataset.code === focused)
        ?.firstElementChild.focus();
  }

  function showWorkers() {
    const { workers } = state;
    byId('cluster').hidden = workers.length === 0;
    const number = (text) => make('td', { className: 'number' }, text);
    byId('workers').replaceChildren(
      ...workers.map((worker) =>
        make(
          'tr',
          {},
          make('th', { scope: 'row', className: 'host' }, worker.name),
          make('td', {}, worker.state, ...backWords(worker)),
          number(count(worker.units)),
          number(count(worker.rows)),
          number(bytes(worker.bytes)),
          number(rate(worker.rowsPerSecond)),
          number(count(worker.inFlight)),
          number(count(worker.queued)),
          number(`${duration(worker.silentMs)} ago`),
        ),
      ),
    );
  }

  function backWords({ units, unitsBackMs }) {
    if (unitsBackMs === undefined) return [];
    const its = units === 1 ? 'its shard goes' : `its ${count(units)} shards go`;
    return [make('div', { className: 'warn' }, `${its} to others within ${duration(unitsBackMs)}`)];
  }

  function showPictures() {
    const { pictures, picturesRefused } = state;
    byId('show-pictures').hidden = pictures === undefined;
    byId('show-pictures').setAttribute('aria-pressed', String(showsPictures));
    say(byId('show-pictures'), showsPictures ? 'Hide' : 'Show');
    say(byId('pictures-note'), picturesRefused ?? '');
    const strip = byId('pictures');
    const wanted = showsPictures ? (pictures ?? []) : [];
    const there = new Map([...strip.children].map((item) => [Number(item.dataset.number), item]));
    const items = wanted.map((number) => {
      const image = () => make('img', { src: `picture?number=${number}`, alt: `picture ${number} of this run` });
      return there.get(number) ?? make('li', { 'data-number': number }, image());
    });
    if (items.length !== strip.children.length || items.some((item, at) => strip.children[at] !== item))
      strip.replaceChildren(...items);
  }

  function showNotices() {
    const lines = state.notices.map(({ atMs, text }) => `${new Date(atMs).toLocaleTimeString()} ${text}`).reverse();
    const list = byId('notices');
    if (lines.join('\n') === [...list.children].map(({ textContent }) => textContent).join('\n')) return;
    list.replaceChildren(...lines.map((line) => make('li', {}, line)));
  }

  function canChange() {
    return key !== undefined && state.phase !== 'ended' && state.controls.refused.hosts === undefined;
  }

  /** A button that cannot do anything is not there, and why is. */
  function showControls() {
    const { phase, controls } = state;
    const { refused, isPaused } = controls;
    const isOver = phase === 'ended';
    const may = (name) => key !== undefined && !isOver && refused[name] === undefined;
    byId('pause').hidden = !may('pause') || phase === 'draining';
    say(byId('pause'), isPaused ? 'Go on' : 'Pause');
    byId('drain').hidden = !may('drain') || phase === 'draining';
    say(byId('drain'), state.kind === 'submit' ? 'Leave (workers go on)' : 'End');
    byId('enter-key').hidden = key !== undefined || isOver;
    const why = [...new Set(Object.values(refused))].join('; ');
    byId('buttons').title = why;
    const note = byId('control-note');
    if (isOver) say(note, '');
    else if (key === undefined) say(note, 'One can look without the key, and change nothing.');
    else if (why !== '' && note.textContent === '') say(note, why);
  }

  async function showPlots() {
    const { history } = state;
    if (history.version === version && history.points === points) return;
    ({ version, points } = history);
    const reply = await live.get('history.json');
    if (reply !== undefined) live.plots.show(await reply.json());
  }

  byId('pause').addEventListener('click', () => {
    const paused = !state.controls.isPaused;
    void act('control/pause', { paused }, paused ? 'Paused.' : 'Goes on.');
  });
  byId('drain').addEventListener('click', () => {
    if (confirm('End this run? What is open is finished or kept, and the same command goes on later.'))
      void act('control/drain', {}, 'Told to end.');
  });
  byId('show-pictures').addEventListener('click', () => {
    showsPictures = !showsPictures;
    sessionStorage.setItem('pictures', showsPictures ? '1' : '0');
    showPictures();
  });
  byId('enter-key').addEventListener('click', () => byId('key-dialog').showModal());
  byId('key-cancel').addEventListener('click', () => byId('key-dialog').close());
  byId('key-form').addEventListener('submit', () => {
    key = byId('key').value.trim() || undefined;
    byId('key').value = '';
    if (key !== undefined) sessionStorage.setItem('key', key);
    useKey();
  });
  // Somebody has put the address with the key where this page was open without.
  addEventListener('hashchange', () => {
    key = takeKey();
    useKey();
  });
  live.hosts.onChange((order) => send('control/host', order));

  live.follow(({ said, state: next, hosts }) => {
    if (next !== undefined) show(JSON.parse(next), said === 'end');
    if (hosts !== undefined) live.hosts.finish(JSON.parse(hosts));
    const isLost = said === 'lost' && state?.phase !== 'ended';
    byId('link').hidden = !isLost;
    if (isLost)
      say(
        byId('link'),
        'The run cannot be reached: it has ended without a word, or the way to it is cut. Trying again.',
      );
  });
})();
