/** Rows of a plain list of URLs. */
import { StringDecoder } from 'node:string_decoder';
import type { RecordBatch } from 'apache-arrow';
import { FlowDcError } from '../../errors.ts';
import { type TextInput, TextRows } from './text-rows.ts';

/** Longer than any URL that a server takes: beyond, the input has no lines. */
const MAX_LINE_CHARS = 1024 * 1024;

/**
 * A plain list: one URL per line in a column `url`; blank lines, white space around URLs, CR and a byte order mark are
 * ignored.
 */
export async function* lineRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const rows = new TextRows(['url'], input);
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const maxChars = Math.min(MAX_LINE_CHARS, input.maxRecordBytes);
  let isFirst = true;
  try {
    for await (const chunk of input.chunks) {
      rest += decoder.write(chunk);
      if (isFirst) rest = rest.replace(/^\ufeff/, '');
      isFirst = false;
      const lines = rest.split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      if (rest.length > maxChars)
        throw new FlowDcError(
          'FDC_ERR_MANIFEST_CORRUPT',
          `${input.name} has a line of over ${maxChars} characters: expected one URL per line`,
        );
      for (const line of lines) if (line.trim() !== '') rows.add([line.trim()]);
      if (rows.isFull || (input.isLive && rows.length > 0)) yield* rows.take();
    }
  } catch (error) {
    yield* rows.take();
    throw error;
  }
  rest += decoder.end();
  if (rest.trim() !== '') rows.add([rest.trim()]);
  yield* rows.take();
}
