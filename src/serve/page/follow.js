/**
 * Listens to the run, and tells the page: its state, at the `end` with its hosts, and when it is `lost` for now. A
 * browser opens six connections to a server at most, and a stream takes one for good: of all tabs one listens, and
 * tells the others. Where a browser has no locks (an address elsewhere, unencrypted) a tab listens while it is seen.
 */
live.follow = (tell) => {
  const AGAIN_MS = 2000;
  const others = new BroadcastChannel('flow-dc');
  let events;
  let isOver = false;
  let lastHosts;

  function hear(word) {
    isOver = word.said === 'end';
    tell(word);
  }

  function pass(word) {
    others.postMessage(word);
    hear(word);
  }

  /** @param over - called when there is nothing to listen to any more */
  function listen(over) {
    if (isOver) return over();
    const source = new EventSource('events');
    events = source;
    source.addEventListener('state', ({ data: state }) => pass({ said: 'state', state }));
    source.addEventListener('error', () => {
      pass({ said: 'lost' });
      // Refused, as when too many listen: a browser does not try that again by itself.
      if (source.readyState === EventSource.CLOSED && source === events) setTimeout(listen, AGAIN_MS, over);
    });
    source.addEventListener('hosts', ({ data }) => {
      lastHosts = data;
    });
    source.addEventListener('end', ({ data: state }) => {
      pass({ said: 'end', state, hosts: lastHosts });
      source.close();
      over();
    });
  }

  others.addEventListener('message', ({ data }) => hear(data));
  if (navigator.locks !== undefined) {
    void navigator.locks.request('flow-dc events', () => new Promise(listen));
    // Until the tab that listens tells something.
    void live.get('state.json').then((reply) => reply?.text().then((state) => tell({ said: 'state', state })));
    return;
  }
  const whileSeen = () => {
    events?.close();
    events = undefined;
    if (!document.hidden) listen(() => {});
  };
  document.addEventListener('visibilitychange', whileSeen);
  whileSeen();
};
