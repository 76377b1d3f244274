/** Lists in archives, packed, in folders, and with several URLs to a row. */
import { lines } from './delimited.ts';
import { type ManifestCase, PLAIN, TEXTS, URLS } from './manifest-case.ts';

const [A, B, C, D] = URLS as [string, string, string, string];
const whole = (input: string): ManifestCase => ({ name: input, input, rows: TEXTS });
const of = (name: string, input: string, files: ManifestCase['files'], one: Partial<ManifestCase>): ManifestCase => ({
  name,
  input,
  ...(files === undefined ? {} : { files }),
  ...one,
});

export const PLACES: readonly ManifestCase[] = [
  whole('archives/one.zip'),
  whole('archives/parts.zip'),
  { ...whole('archives/parts.zip::parts/a.csv'), rows: { url: [A, B] } },
  whole('archives/plain.csv.bz2'),
  whole('archives/plain.csv.xz'),
  whole('archives/plain.csv.zst'),
  whole('archives/plain.csv.br'),
  of('a Darwin Core Archive, unpacked', 'dwca', dwca(), {
    rows: { url: [A, B], scientificName: ['Felis catus', 'Canis lupus'] },
  }),
  of(
    'hive folders',
    'out',
    { 'out/label=cat%20x/a.csv': lines('url', A, B), 'out/label=dog/b.csv': lines('url', C) },
    { rows: { url: [A, B, C], label: ['cat x', 'cat x', 'dog'] } },
  ),
  of(
    'a pattern',
    'in/*.csv',
    { 'in/a.csv': lines('url,n', `${A},1`), 'in/b.csv': lines('url,x', `${B},2`), 'in/c.txt': C },
    { rows: { url: [A, B], n: ['1', null], x: [null, '2'] }, says: ['null where missing'] },
  ),
  of(
    'several URLs in a cell',
    'm.csv',
    { 'm.csv': lines('url,n', `${A}|${B},1`, `${C}; ${D},2`) },
    {
      flags: ['--explode', '--url', 'url'],
      rows: { url: [A, B, C, D], n: ['1', '1', '2', '2'] },
    },
  ),
  of(
    'OBELICS: lists of images',
    'm.jsonl',
    { 'm.jsonl': lines(JSON.stringify({ images: [A, B], texts: ['x'] })) },
    {
      flags: ['--url', 'images', '--explode', '--drop-columns', 'texts'],
      rows: { url: [A, B] },
    },
  ),
  of(
    'MMC4: lists of objects',
    'm.jsonl',
    {
      'm.jsonl': lines(
        JSON.stringify({ image_info: [{ raw_url: A }] }),
        JSON.stringify({ image_info: [{ raw_url: B }] }),
      ),
    },
    {
      flags: ['--url', 'image_info.raw_url', '--explode'],
      rows: { url: [A, B] },
    },
  ),
  of(
    'mirrors of a file',
    'm.csv',
    { 'm.csv': lines('gcp,aws', `,${A}`, `${B},`) },
    {
      flags: ['--url', 'gcp,aws'],
      rows: { url: [A, B] },
    },
  ),
  of(
    'iNaturalist open data: a template',
    'photos.csv',
    { 'photos.csv': lines('photo_id\textension', '0\tjpg', '3\tjpg') },
    {
      flags: ['--url-template', 'http://a.test/p/{photo_id}.{extension}'],
      rows: { url: [A, D], photo_id: ['0', '3'] },
    },
  ),
  of(
    'GeoJSON, a feature on each line',
    'm.geojsonl',
    { 'm.geojsonl': features() },
    {
      rows: { url: [A, B], species: [PLAIN[0], PLAIN[1]] },
    },
  ),
];

function features(): string {
  return [A, B]
    .map((url, i) => `${JSON.stringify({ type: 'Feature', geometry: null, properties: { url, species: PLAIN[i] } })}\n`)
    .join('');
}

function dwca(): Record<string, string> {
  const term = 'http://rs.tdwg.org/dwc/terms/';
  const how =
    'encoding="UTF-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy="" ignoreHeaderLines="1"';
  return {
    'dwca/meta.xml': `<archive xmlns="http://rs.tdwg.org/dwc/text/">
  <core ${how} rowType="${term}Occurrence"><files><location>occurrence.txt</location></files><id index="0"/>
    <field index="1" term="${term}scientificName"/></core>
  <extension ${how} rowType="http://rs.gbif.org/terms/1.0/Multimedia"><files><location>multimedia.txt</location></files>
    <coreid index="0"/><field index="1" term="http://purl.org/dc/terms/identifier"/></extension></archive>`,
    'dwca/occurrence.txt': lines('id\tscientificName', '1\tFelis catus', '2\tCanis lupus'),
    'dwca/multimedia.txt': lines('coreid\tidentifier', `1\t${A}`, `2\t${B}`),
  };
}
