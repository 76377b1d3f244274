/**
 * Unpack xz, several streams in one file included, through the WebAssembly of xz-decompress, an instance for each: the
 * stream around it that the package brings never ends where a file is cut off. A dictionary may have 64 MiB, as of -9.
 */
import type { ByteWindow } from './byte-window.ts';
import { PackedError } from './packed-error.ts';

interface XzExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  create_context(): number;
  supply_input(context: number, bytes: number): void;
  get_next_output(context: number): number;
}

interface XzLibrary {
  _getModuleInstance(): Promise<void>;
  _moduleInstance: { readonly exports: XzExports };
}

interface XzModule {
  readonly XzReadableStream?: XzLibrary | undefined;
}

const [OK, STREAM_END] = [0, 1];
/** Words of the context: how long its buffers are, where they are, and what is in them. */
const [SIZE, IN_START, IN_AT, IN_END, OUT_START, OUT_END] = [0, 1, 2, 3, 4, 5];

/** What xz_ret of xz-embedded says, by number. */
const FAULTS: ReadonlyMap<number, PackedError> = new Map([
  [3, new PackedError('more memory than there is', 'too large')],
  [4, new PackedError('a dictionary of over 64 MiB (pack it again with xz -9 or less)', 'too large')],
  [5, new PackedError('something that is no xz')],
  [6, new PackedError('a filter or checksum that is not read (pack it again with xz --check=crc64)', 'unread')],
  [8, new PackedError('cut off')],
]);

/** Errors: PackedError where it is cut or damaged, behind all that is whole. */
export async function* unxz(input: ByteWindow): AsyncGenerator<Buffer, void> {
  const exports = await instance();
  const context = exports.create_context();
  const words = (): Uint32Array => new Uint32Array(exports.memory.buffer, context, 6);
  const size = words()[SIZE] as number;
  for (;;) {
    if (words()[IN_AT] === words()[IN_END]) {
      await input.fill(1);
      const bytes = input.take(Math.min(size, input.held.length));
      new Uint8Array(exports.memory.buffer).set(bytes, words()[IN_START]);
      exports.supply_input(context, bytes.length);
    }
    const code = exports.get_next_output(context);
    const [start, end] = [words()[OUT_START] as number, words()[OUT_END] as number];
    if (end > 0) yield Buffer.from(new Uint8Array(exports.memory.buffer).slice(start, start + end));
    words()[OUT_END] = 0;
    if (code === STREAM_END) return;
    if (code !== OK) throw FAULTS.get(code) ?? new PackedError('damaged data');
    await input.turn(end);
  }
}

/** With a memory of its own, which goes with it. */
async function instance(): Promise<XzExports> {
  const module: unknown = await import('xz-decompress');
  // A CommonJS module, whose names not every loader finds.
  const { default: whole, XzReadableStream: named } = module as XzModule & { readonly default?: XzModule };
  const library = (named ?? whole?.XzReadableStream) as XzLibrary;
  await library._getModuleInstance();
  return library._moduleInstance.exports;
}
