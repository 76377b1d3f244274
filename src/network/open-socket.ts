/** A socket to one address, with TLS or without: as little as Node can do for it. */
import { X509Certificate } from 'node:crypto';
import { isIP, connect as openTcp, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as openTls,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';

export interface SocketPlan {
  readonly address: string;
  readonly port: number;
  /** The URL's: what the certificate must be for. */
  readonly hostname: string;
  readonly isTls: boolean;
  /** A connection to it that is there already, by way of a proxy. */
  readonly over?: Socket;
}

export interface TlsTerms {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  /**
   * Sessions to go on with, by name and port: of a session that goes on, nobody asks again who the peer is, so that it
   * must only be used for the name it was made for.
   */
  readonly sessions: { get(key: string): Buffer | undefined; set(key: string, session: Buffer): unknown };
}

/** What one read brings at most, as undici chooses it; Node's types do not know the option. */
const [TCP_READS, TLS_READS] = [{ highWaterMark: 64 * 1024 }, { highWaterMark: 16 * 1024 }];
/** A name in the certificate, spelled out or with `*` for its first label; else Node has the last word. */
const STRICTLY = { subject: 'never', partialWildcards: false } as const;

/** Called once: connected and, with TLS, sure of who it is; or failed. Never after the socket was destroyed from outside. */
export function openSocket(
  plan: SocketPlan,
  terms: TlsTerms,
  done: (error: Error | null, socket: Socket) => void,
): Socket {
  const { address: host, port, isTls } = plan;
  const socket = isTls ? openTlsSocket(plan, terms) : openTcp({ host, port, ...TCP_READS });
  let isOver = false;
  const end = (error: Error | null): void => {
    if (isOver) return;
    isOver = true;
    done(error, socket);
  };
  // Requests leave in one write each.
  socket.setNoDelay(true);
  socket.once(isTls ? 'secureConnect' : 'connect', () => end(null));
  // It stays: whoever is given the socket may let go of it while it still fails.
  socket.on('error', end);
  return socket;
}

/**
 * Before it asks who the peer is, Node describes the certificate and all above it as objects, which takes a third of
 * the time of a whole handshake. Here the certificate itself is asked; what it does not affirm at once is for Node to
 * decide, description and all.
 */
function openTlsSocket({ address, port, hostname, over }: SocketPlan, terms: TlsTerms): TLSSocket {
  const { sessions, ...given } = terms;
  const key = `${hostname}:${port}`;
  const socket = openTls({
    ...given,
    ...TLS_READS,
    ...(over === undefined ? { host: address, port } : { socket: over }),
    servername: isIP(hostname) === 0 ? hostname : '',
    session: sessions.get(key),
    ALPNProtocols: ['http/1.1'],
    checkServerIdentity: (_name: string, certificate: unknown) => {
      if (!(certificate instanceof X509Certificate))
        return checkServerIdentity(hostname, certificate as PeerCertificate);
      return isFor(certificate, hostname) ? undefined : checkServerIdentity(hostname, certificate.toLegacyObject());
    },
  });
  // Node tells of sessions after it has made sure of the peer.
  socket.on('session', (session) => void sessions.set(key, session));
  socket.getPeerCertificate = () => socket.getPeerX509Certificate() as never;
  return socket;
}

function isFor(certificate: X509Certificate, hostname: string): boolean {
  const found = isIP(hostname) === 0 ? certificate.checkHost(hostname, STRICTLY) : certificate.checkIP(hostname);
  return found !== undefined;
}
