/** A manifest of the shape of a LAION part, for where none of the real ones is there. */
import { utf8Column } from '../../src/arrow/columns.ts';
import { uniform } from '../../src/demo-hosts/random.ts';
import { writeParquetFile } from './manifests.ts';

/** As laion_10000.parquet has them. */
const HOSTS = 4473;

/** 10,000 rows of 4,473 hosts, most of them on https, one URL that is none, captions in any script. */
export async function writeLaionLike(path: string, rows = 10_000): Promise<void> {
  const words = ['Ein Bild', 'ürün', '写真', 'of "a" cat,', "it's", '🙂', 'new\tline', '<b>'];
  const urls = Array.from({ length: rows }, (_, i) => {
    if (i === rows >> 1) return 'https://[not-a-host/image.jpg';
    const scheme = uniform(`scheme ${i}`, 1) < 0.62 ? 'https' : 'http';
    // A few hosts have many, most have one or two.
    const host = i < HOSTS ? i : Math.floor(uniform(`host ${i}`, 1) ** 3 * HOSTS);
    return `${scheme}://host-${host}.test/images/${i}.jpg?size=${i % 7}`;
  });
  const texts = urls.map((_, i) => `${words[i % words.length]} ${i} ${words[(i * 7) % words.length]}`);
  await writeParquetFile(path, [
    ['URL', utf8Column(urls)],
    ['TEXT', utf8Column(texts)],
  ]);
}
