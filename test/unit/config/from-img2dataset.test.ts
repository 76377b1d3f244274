import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../../src/cli/args/flags.ts';
import { fromImg2dataset } from '../../../src/config/from-img2dataset.ts';
import { FROM_IMG2DATASET } from '../../../src/config/img2dataset-options.ts';

const translated = (line: string) => fromImg2dataset(line.split(' '));

describe('a command line of img2dataset', () => {
  it.each([
    // As in its README and its examples.
    [
      'img2dataset --url_list=myimglist.txt --output_folder=output_folder --thread_count=64 --image_size=256',
      'download myimglist.txt -o output_folder --output-format imagefolder --no-create-tar --concurrent-downloads 64 --shard-size 10000',
    ],
    [
      'img2dataset --url_list laion400m-meta --input_format parquet --url_col URL --caption_col TEXT --output_format webdataset --output_folder laion400m-data --processes_count 16 --thread_count 128 --image_size 256 --save_additional_columns ["NSFW","similarity","LICENSE"] --enable_wandb True',
      'download laion400m-meta -o laion400m-data --threads 16 --compat img2dataset --url URL --caption-col TEXT --concurrent-downloads 2048 --shard-size 10000',
    ],
    [
      'list.csv --input-format csv --output_format parquet --retries 2 --incremental_mode extend --ignore_ssl_certificate --nocompute_hash --number_sample_per_shard 500 --disallowed_header_directives []',
      'download list.csv -o images --output-format parquet --shard-size 500 --no-hash --max-retry-attempts 3 --extend --robots-tags none --insecure',
    ],
    [
      '--url_list l.txt --output_format dummy --user_agent_token me',
      'download l.txt -o none: --shard-size 10000 --user-agent flow-dc\u00a0(me)',
    ],
  ])('%s', (line, expected) => {
    const { words } = translated(line);
    expect(words.map((word) => word.replaceAll(' ', '\u00a0')).join(' ')).toBe(expected);
    expect(() => parseFlags(words.slice(1), { command: 'download' })).not.toThrow();
  });

  it('is told what is different here', () => {
    const { notes } = translated(
      '--url_list l.txt --output_format tfrecord --bbox_col faces --min_image_size 100 --compute_hash md5',
    );
    expect(notes.map((note) => note.split(':')[0])).toEqual(
      expect.arrayContaining(['image_size', 'output_format', 'bbox_col', 'min_image_size', 'compute_hash']),
    );
  });

  it.each([
    ['--url_lst x', '--url_lst is no option of img2dataset; did you mean --url_list?'],
    ['--output_folder x', 'name its list of URLs'],
    ['a.txt b.txt', 'b.txt is no option of img2dataset'],
  ])('is refused: %s', (line, message) => {
    expect(() => translated(line)).toThrow(message);
  });

  it('has every option in docs/from-img2dataset.md, with its default and what it is here', async () => {
    const page = await readFile(new URL('../../../docs/from-img2dataset.md', import.meta.url), 'utf8');
    const rows = Object.entries(FROM_IMG2DATASET).map(
      ([name, option]) => `| \`${name}\` | ${option.default} | ${option.here.replaceAll('|', '\\|')} |`,
    );
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });
});
