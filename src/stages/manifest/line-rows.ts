/** Rows of a plain list of URLs. */
import { StringDecoder } from 'node:string_decoder';
import type { RecordBatch } from 'apache-arrow';
import { FlowDcError } from '../../errors.ts';
import { shortened } from '../../short-text.ts';
import { visible } from '../../visible.ts';
import { type TextInput, TextRows } from './text-rows.ts';

/** Longer than any URL that a server takes: beyond, the input has no lines. */
const MAX_LINE_CHARS = 1024 * 1024;

// What stands behind white space or a control character is no part of a URL.
const WITH_MORE = /^[a-z][a-z0-9+.-]*:\/\/\S*?[\s\p{Cc}]+\S/iu;

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
  let [number, isSaid] = [0, false];
  const add = (line: string): void => {
    number++;
    const url = line.trim();
    if (url === '') return;
    rows.add([url]);
    if (isSaid || !WITH_MORE.test(url)) return;
    isSaid = true;
    input.warn(
      `${input.name}, line ${number}: something stands behind the URL: '${visible(shortened(url, 80))}'; a list has one URL in ` +
        'each line, and what more there is is told apart with delimiter, such as space',
    );
  };
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
      for (const line of lines) add(line);
      if (rows.isFull || (input.isLive && rows.length > 0)) yield* rows.take();
    }
  } catch (error) {
    yield* rows.take();
    throw error;
  }
  rest += decoder.end();
  add(rest);
  yield* rows.take();
}
