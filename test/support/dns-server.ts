/** A name server that knows one answer. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A name server on the loopback interface. */
export interface DnsServer {
  /** For --dns-server. */
  readonly address: string;
  /** Questions for an IPv4 address that it was asked. */
  questions(): number;
  close(): Promise<void>;
}

const NAME_ERROR = 3;
const TYPE_A = 1;
/** Name as in the question, class IN, one hour, four bytes. */
const ANSWER_HEAD = Buffer.from([0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0x0e, 0x10, 0, 4]);

/**
 * Answer every name with `address`, or say of every name that it does not exist (RFC 1035). There is never an IPv6
 * address.
 * @param address - IPv4, dotted
 */
export async function startDnsServer(address: string | undefined): Promise<DnsServer> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1_048_576 });
  let questions = 0;
  socket.on('message', (query, { port, address: client }) => {
    const nameEnd = query.indexOf(0, 12);
    const question = query.subarray(12, nameEnd + 5);
    const isA = query.readUInt16BE(nameEnd + 1) === TYPE_A;
    if (isA) questions += 1;
    const record =
      isA && address !== undefined
        ? Buffer.concat([ANSWER_HEAD, Buffer.from(address.split('.').map(Number))])
        : Buffer.alloc(0);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (address === undefined ? NAME_ERROR : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(record.length > 0 ? 1 : 0, 6);
    socket.send(Buffer.concat([head, question, record]), port, client);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions: () => questions,
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
