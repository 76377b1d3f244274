/** As much of a Blob as reading parquet needs, over bytes that are somewhere else. */

export interface Parts {
  readonly size: number;
  slice(start?: number, end?: number): { arrayBuffer(): Promise<ArrayBuffer> };
  /** Told how many bytes are asked for several times. */
  keep?(bytes: number): void;
}

/** The same file with another footer of the same length. */
export function footerReplaced(file: Parts, start: number, footer: Uint8Array): Parts {
  return {
    size: file.size,
    slice: (from = 0, to = file.size) => {
      if (to <= start) return file.slice(from, to);
      if (from >= start) return { arrayBuffer: async () => copyOf(footer.subarray(from - start, to - start)) };
      return {
        arrayBuffer: async () => {
          const whole = new Uint8Array(to - from);
          whole.set(new Uint8Array(await file.slice(from, start).arrayBuffer()));
          whole.set(footer.subarray(0, to - start), start - from);
          return whole.buffer;
        },
      };
    },
  };
}

export function copyOf({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
