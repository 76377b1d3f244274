/** `--connect-to HOST1:PORT1:HOST2:PORT2`: connections for one place go to another, as curl does it. */

export interface ConnectTarget {
  readonly hostname: string;
  readonly port: number;
  /** The rule names the host to connect to: the user's own choice, which the address guard leaves alone. */
  readonly isNamed: boolean;
}

export interface ConnectRule {
  /** Lower case, IPv6 without brackets; '' matches any host. */
  readonly fromHost: string;
  /** 0 matches any port. */
  readonly fromPort: number;
  /** '' keeps the URL's host, 0 its port. */
  readonly toHost: string;
  readonly toPort: number;
}

/**
 * Parse one rule. IPv6 addresses stand in brackets; every part may be empty.
 * Errors: RangeError that says what a rule looks like.
 */
export function parseConnectTo(text: string): ConnectRule {
  const match = /^(\[[^\]]*\]|[^:]*):(\d*):(\[[^\]]*\]|[^:]*):(\d*)$/.exec(text);
  if (match === null)
    throw new RangeError(`connect_to: expected HOST1:PORT1:HOST2:PORT2 (any part may be empty), got '${text}'`);
  const [, fromHost = '', fromPort = '', toHost = '', toPort = ''] = match;
  return { fromHost: bare(fromHost), fromPort: Number(fromPort), toHost: bare(toHost), toPort: Number(toPort) };
}

/** The first rule that matches decides. Undefined: connect to the URL's own place. */
export function connectTarget(
  rules: readonly ConnectRule[],
  hostname: string,
  port: number,
): ConnectTarget | undefined {
  const host = bare(hostname);
  const rule = rules.find(
    (r) => (r.fromHost === '' || r.fromHost === host) && (r.fromPort === 0 || r.fromPort === port),
  );
  if (rule === undefined) return undefined;
  return { hostname: rule.toHost || host, port: rule.toPort || port, isNamed: rule.toHost !== '' };
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '');
}
