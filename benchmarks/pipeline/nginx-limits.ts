/** The limits of nginx that the open web meets, in front of an origin that takes 100 ms for a reply. */

/** What nginx says in its http block and in its server block, and what a client that knows it would get. */
export interface NginxLimit {
  readonly name: string;
  readonly words: string;
  readonly http: string;
  readonly server: string;
  /** In replies of 200 within so many seconds. */
  readonly most: (seconds: number) => number;
}

const PER_SECOND = 50;
const BURST = 50;
const CONNECTIONS = 20;
/** Of the origin behind nginx. */
export const LATENCY_MS = 100;

const rate = `limit_req_zone $server_name zone=rate:1m rate=${PER_SECOND}r/s;`;
const connections = 'limit_conn_zone $server_name zone=connections:1m;';
const connectionsPerSecond = (1000 * CONNECTIONS) / LATENCY_MS;

export const nginxLimits: readonly NginxLimit[] = [
  {
    name: 'limit_req with delay',
    words: `${PER_SECOND} requests/s, up to ${BURST} more wait for their turn, further ones are 503`,
    http: rate,
    server: `limit_req zone=rate burst=${BURST};`,
    most: (seconds) => PER_SECOND * seconds,
  },
  {
    name: 'limit_req nodelay',
    words: `${PER_SECOND} requests/s, a burst of ${BURST} at once, further ones are 503`,
    http: rate,
    server: `limit_req zone=rate burst=${BURST} nodelay;`,
    most: (seconds) => PER_SECOND * seconds + BURST,
  },
  {
    name: 'limit_req without burst',
    words: `whatever comes sooner than ${1000 / PER_SECOND} ms after the last one that was let through is 503`,
    http: rate,
    server: 'limit_req zone=rate;',
    most: (seconds) => PER_SECOND * seconds,
  },
  {
    name: 'limit_conn 503',
    words: `${CONNECTIONS} requests at a time, further ones are 503`,
    http: connections,
    server: `limit_conn connections ${CONNECTIONS};`,
    most: (seconds) => connectionsPerSecond * seconds,
  },
  {
    name: 'limit_conn 429',
    words: `${CONNECTIONS} requests at a time, further ones are 429`,
    http: connections,
    server: `limit_conn connections ${CONNECTIONS}; limit_conn_status 429;`,
    most: (seconds) => connectionsPerSecond * seconds,
  },
];
