/**
 * Headers of tar entries, as POSIX.1-2001 describes them. Written here because an entry of tar-stream's packer does not
 * tell when its bytes have reached the file, and body memory is given back exactly then; the reader is tar-stream's.
 */
const TAR_BLOCK_BYTES = 512;

const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** 11 octal digits; larger sizes take the base-256 form that GNU tar introduced and every reader knows. */
const MAX_OCTAL_SIZE = 0o77777777777;
const FILE = '0';
const PAX = 'x';

/** Two empty blocks end an archive. */
export const TAR_END: Uint8Array = Buffer.alloc(2 * TAR_BLOCK_BYTES);

/**
 * The blocks in front of a regular file's bytes: mtime 0, uid and gid 0, mode 0644, so that the same samples make the same
 * archive. A name that is not ASCII or too long gets a PAX header in front.
 */
export function tarHeader(name: string, bytes: number): Buffer {
  const split = splitName(name);
  if (split !== undefined) return block(split.name, split.prefix, bytes, FILE);
  const record = paxRecord('path', name);
  const short = `pax/${name.replace(/[^\x20-\x7e]/g, '_').slice(-NAME_BYTES + 4)}`;
  return Buffer.concat([block('PaxHeader', '', record.length, PAX), record, tarPadding(record.length), block(short, '', bytes, FILE)]);
}

/** What fills the last block of an entry. */
export function tarPadding(bytes: number): Uint8Array {
  return TAR_END.subarray(0, (TAR_BLOCK_BYTES - (bytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** The name in one field, or cut at a slash into two; undefined when neither holds it. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (!/^[\x20-\x7e]*$/.test(name)) return undefined;
  if (name.length <= NAME_BYTES) return { name, prefix: '' };
  const slash = name.indexOf('/', name.length - NAME_BYTES - 1);
  if (slash <= 0 || slash > PREFIX_BYTES || slash === name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function block(name: string, prefix: string, bytes: number, type: string): Buffer {
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(name, 0, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  writeSize(header, bytes);
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  header.write('0000000\0', 329, 'latin1');
  header.write('0000000\0', 337, 'latin1');
  header.write(prefix, 345, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function writeSize(header: Buffer, bytes: number): void {
  if (bytes <= MAX_OCTAL_SIZE) {
    header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(bytes), 128);
}

/** `LENGTH key=value\n`, where LENGTH counts its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
