/** The beginning of bytes that come in pieces. */

/** The first bytes of a stream, which is not read further. */
export async function firstBytes(chunks: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += parts.push(chunk) && chunk.length;
    if (length >= most) break;
  }
  return Buffer.concat(parts).subarray(0, most);
}

/** The same, and where they fail behind the first of them, what there is: what is wrong shows when they are read. */
export async function startBytes(chunks: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of chunks) {
      length += parts.push(chunk) && chunk.length;
      if (length >= most) break;
    }
  } catch (error) {
    if (length === 0) throw error;
  }
  return Buffer.concat(parts).subarray(0, most);
}
