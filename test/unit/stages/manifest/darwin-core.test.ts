import { createReadStream } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';
import { zipOf } from './zip-of.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/archives/', import.meta.url));

async function read(input: string, options: ReadManifestOptions = {}) {
  const reader = readManifest(input, options);
  const { rows, error } = await collect(reader);
  const info = await reader.ready.catch(() => undefined);
  return { rows, error, info, warnings: reader.warnings };
}

const at = (name: string): string => path.join(FIXTURES, name);
/** Pictures of occurrences 3 to 9, of those numbered 10 down to 3. */
const SPECIES = Array.from({ length: 12 }, (_, i) => `Quercus sp${(10 - (3 + (i % 7))) % 3}`);

describe('a Darwin Core Archive', () => {
  it.for(['gbif.zip', 'gbif', 'gbif/meta.xml'])(
    '%s: a row for every picture, with the species of its occurrence',
    async (name) => {
      const { rows, error, info, warnings } = await read(at(name));
      expect(error).toBeUndefined();
      expect(rows.map(({ identifier, species }) => [identifier, species])).toEqual([
        ...SPECIES.map((species, i) => [`https://images${i % 2}.example.org/${i}/original.jpg`, species]),
        ['https://images0.example.org/lost.jpg', null],
      ]);
      expect(rows[0]).toMatchObject({
        title: '"no 0" of',
        license: 'CC_BY',
        occurrence_license: 'CC0',
        decimalLatitude: '7.5',
      });
      expect(info).toMatchObject({ roles: { url: 'identifier', label: 'species' }, guessed: ['url', 'label'] });
      expect(info?.files).toMatchObject([
        {
          how: expect.stringMatching(
            /^(zip|folder) > multimedia\.txt, tab-separated, no quoting, joined with occurrence\.txt$/,
          ),
        },
      ]);
      expect(warnings).toEqual([
        expect.stringMatching(/1 columns of occurrence\.txt are empty in its first rows, and left out$/),
        expect.stringMatching(/1 rows belong to no row of occurrence\.txt: null in its columns$/),
      ]);
    },
  );

  it('comes through a pipe', async () => {
    const { rows, error } = await read('-', { stdin: createReadStream(at('gbif.zip')) });
    expect(error).toBeUndefined();
    expect(rows.slice(0, 12).map(({ species }) => species)).toEqual(SPECIES);
  });

  it('a label may be any column of the occurrences, also one that is empty at first', async () => {
    const { rows, info } = await read(at('gbif.zip'), { labelColumn: 'family' });
    expect(info?.roles.label).toBe('family');
    expect(rows[0]).toMatchObject({ family: 'Fagaceae' });
    expect((await read(at('gbif.zip'), { labelColumn: 'fieldNotes' })).info?.roles.label).toBe('fieldNotes');
  });

  it('one of its tables can be read as it is', async () => {
    const { rows } = await read(`${at('gbif.zip')}::multimedia.txt`, { urlColumn: 'identifier' });
    expect(rows).toHaveLength(13);
    expect(rows[0]).not.toHaveProperty('species');
  });

  it('without a table of pictures, the addresses in the core are rows', async () => {
    const { rows, error } = await read(at('core.zip'));
    expect(error).toBeUndefined();
    expect(rows).toMatchObject([
      { identifier: 'https://a.example.org/1.jpg', scientificName: 'Peña, sp.' },
      { identifier: 'https://a.example.org/2.jpg', scientificName: 'Peña, sp.' },
      { identifier: 'https://a.example.org/3.jpg', scientificName: 'Third' },
    ]);
  });

  it('has the columns that are in no file, and what empty cells of others mean', async () => {
    const field = (term: string, more: string): string =>
      `<field term="http://rs.tdwg.org/dwc/terms/${term}" ${more}/>`;
    const open = (kind: string, type: string): string =>
      `<${kind} rowType="http://rs.gbif.org/terms/1.0/${type}" fieldsTerminatedBy="," ignoreHeaderLines="0">`;
    const files = (name: string): string => `<files><location>${name}</location></files>`;
    const meta = `<archive>${open('core', 'Occurrence')}${files('o.txt')}<id index="0"/>
      ${field('species', 'index="1"')}${field('institutionCode', 'default="museum"')}</core>
      ${open('extension', 'Multimedia')}${files('m.txt')}<coreid index="0"/>${field('identifier', 'index="1"')}
      ${field('license', 'index="2" default="CC0"')}${field('type', 'default="img"')}</extension></archive>`;
    const content = {
      'meta.xml': meta,
      'o.txt': '1,owl\n',
      'm.txt': '1,https://a.test/1.jpg,\n1,https://a.test/2.jpg,BY\n',
    };
    const { rows, error } = await read(await folder(Object.fromEntries(Object.entries(content))));
    expect(error).toBeUndefined();
    expect(rows).toMatchObject([
      { identifier: 'https://a.test/1.jpg', license: 'CC0', type: 'img', species: 'owl', institutionCode: 'museum' },
      { identifier: 'https://a.test/2.jpg', license: 'BY', type: 'img', species: 'owl', institutionCode: 'museum' },
    ]);
  });

  it('without pictures it is refused, naming its tables', async () => {
    expect((await read(at('checklist.zip'))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_COLUMN',
      message: expect.stringMatching(
        /no table of pictures \(its tables: occurrence\.txt of Occurrence, multimedia\.txt of Desc/,
      ),
    });
  });

  it('a table that its meta.xml names is missing, or it is none', async () => {
    const meta = Buffer.from(
      '<archive><core rowType="x/Occurrence"><files><location>../o.txt</location></files><id index="0"/><field index="1" term="x/associatedMedia"/></core></archive>',
    );
    const place = await folder({
      'a.zip': zipOf({ 'meta.xml': meta }),
      'b.zip': zipOf({ 'meta.xml': Buffer.from('<archive><core>') }),
      'meta.xml': meta,
    });
    expect((await read(path.join(place, 'a.zip'))).error?.message).toMatch(
      /has no \.\.\/o\.txt, which its meta\.xml names/,
    );
    expect((await read(place)).error?.message).toMatch(/has no \.\.\/o\.txt, which its meta\.xml names/);
    expect((await read(path.join(place, 'b.zip'))).error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/the meta\.xml is cut off at byte/),
    });
  });
});
