/**
 * Listens to the run, and tells the page: `state` and `end` with what they say, `lost` while it cannot be reached. A
 * browser opens six connections to a server at most, and a stream takes one for good: of all tabs one listens, and
 * tells the others. Where a browser has no locks (an address elsewhere, unencrypted) a tab listens while it is seen.
 */
live.follow = (tell) => {
  const AGAIN_MS = 2000;
  const others = new BroadcastChannel('flow-dc');
  let events;
  let isOver = false;

  function hear(said, data) {
    isOver = said === 'end';
    tell(said, data);
  }

  function pass(said, data) {
    others.postMessage({ said, data });
    hear(said, data);
  }

  /** @param over - called when there is nothing to listen to any more */
  function listen(over) {
    if (isOver) return over();
    const source = new EventSource('events');
    events = source;
    source.addEventListener('state', ({ data }) => pass('state', data));
    source.addEventListener('error', () => {
      pass('lost');
      // Refused, as when too many listen: a browser does not try that again by itself.
      if (source.readyState === EventSource.CLOSED && source === events) setTimeout(listen, AGAIN_MS, over);
    });
    source.addEventListener('end', ({ data }) => {
      pass('end', data);
      source.close();
      over();
    });
  }

  others.addEventListener('message', ({ data: { said, data } }) => hear(said, data));
  if (navigator.locks !== undefined) {
    void navigator.locks.request('flow-dc events', () => new Promise(listen));
    // Until the tab that listens tells something.
    void live.get('state.json').then((reply) => reply?.text().then((text) => tell('state', text)));
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
