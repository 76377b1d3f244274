import { describe, expect, it } from 'vitest';
import { type GivenRoles, guessRoles } from '../../../../src/stages/manifest/guess-roles.ts';

function guess(
  names: readonly string[],
  given: GivenRoles = {},
  values: Record<string, string[]> = {},
  numbers: readonly string[] = [],
) {
  return guessRoles(given, {
    columns: names.map((name) => ({ name, isText: !numbers.includes(name) })),
    values: (column) => values[column] ?? [],
  });
}

describe('guessed columns', () => {
  it.each([
    [['inat21_filename', 'scientificName', 'class', 'species', 'url'], { url: 'url', label: 'species' }],
    [['taxon_id', 'species_name', 'photo_url'], { url: 'photo_url', label: 'species_name' }],
    [['URL', 'TEXT', '__index_level_0__'], { url: 'URL', caption: 'TEXT' }],
    [['Image URL', 'Alt-Text', 'Label'], { url: 'Image URL', label: 'Label', caption: 'Alt-Text' }],
  ])('knows what %j mean', (names, roles) => {
    expect(guess(names).roles).toEqual(roles);
    expect(new Set(guess(names).guessed)).toEqual(new Set(Object.keys(roles)));
  });

  it('decides doubtful names, then any name, by values that begin with http', () => {
    expect(guess(['identifier', 'a'], {}, { identifier: ['urn:1'], a: ['http://x/'] }).roles.url).toBe('a');
    expect(guess(['a', 'identifier'], {}, { identifier: ['https://x/'], a: ['http://x/'] }).roles.url).toBe(
      'identifier',
    );
  });

  it('never takes a number column for URLs, but may for labels', () => {
    expect(guess(['url', 'link', 'label'], {}, { link: ['https://x/'] }, ['url', 'label']).roles).toEqual({
      url: 'link',
      label: 'label',
    });
  });

  it('takes what the user names and leaves empty what the user empties', () => {
    const { roles, guessed } = guess(['url', 'link', 'label', 'id'], { url: 'link', label: '', key: 'id' });
    expect(roles).toEqual({ url: 'link', key: 'id' });
    expect(guessed).toEqual([]);
  });

  it('never guesses a key', () => {
    expect(guess(['url', 'key', 'id']).roles).toEqual({ url: 'url' });
  });

  it.each([
    [{ url: 'ulr' }, /the url column ulr does not exist: did you mean url\? the columns are url, n$/],
    [{ label: 'species' }, /the label column species does not exist: the columns are url, n$/],
    [{ url: 'n' }, /the url column n does not hold text/],
  ] as [GivenRoles, RegExp][])('refuses %j, saying what exists', (given, message) => {
    expect(() => guess(['url', 'n'], given, {}, ['n'])).toThrow(
      expect.objectContaining({ code: 'FDC_ERR_MANIFEST_COLUMN', message: expect.stringMatching(message) }),
    );
  });

  it('says so when nothing looks like URLs', () => {
    expect(() => guess(['a', 'b'], {}, { a: ['x'] })).toThrow(
      /no column looks like URLs: name it with url; the columns are a, b$/,
    );
  });

  it.each([
    [{ type: ['http://purl.org/x', 'http://purl.org/x'], accessURI: ['http://a.x/1', 'http://a.x/2'] }, 'accessURI'],
    [
      { photo_url: ['http://a.x/p/1', 'http://a.x/p/2'], photo_image_url: ['http://a.x/1.jpg', 'http://a.x/2.png'] },
      'photo_image_url',
    ],
    [
      {
        medium_source_url: ['http://a.x/1', 'http://a.x/2'],
        eol_full_size_copy_url: ['http://b.x/1.jpg', 'http://b.x/2.jpg'],
      },
      'eol_full_size_copy_url',
    ],
    [
      { photo_url: ['http://a.x/p/1', 'http://a.x/p/2'], photo_image_url: ['http://i.x/1', 'http://i.x/2'] },
      'photo_image_url',
    ],
    [{ url_s: ['http://a.x/1.jpg', 'http://a.x/2.jpg'], url_o: ['http://a.x/3.jpg', 'http://a.x/4.jpg'] }, 'url_o'],
    [
      {
        page_url: ['http://a.x/1', 'http://a.x/2'],
        audio_file: ['http://a.x/1.mp3', 'http://a.x/2.mp3'],
        sono: ['http://a.x/1.png', 'http://a.x/2.png'],
      },
      'audio_file',
    ],
    [{ website: ['http://a.x/', 'http://b.x/'], jpg_link: ['http://a.x/1?w=2', 'http://a.x/2?w=2'] }, 'jpg_link'],
    [
      {
        OriginalURL: ['http://a.x/1.jpg', 'http://a.x/2.jpg'],
        OriginalLandingURL: ['http://a.x/1', 'http://a.x/2'],
        Thumbnail300KURL: ['http://a.x/1s.jpg', 'http://a.x/2s.jpg'],
      },
      'OriginalURL',
    ],
    [
      {
        identifier: ['http://a.x/1.jpg?x=1', 'http://a.x/2.JPG'],
        references: ['http://a.x/1', 'http://a.x/2'],
        license: ['http://cc.org/by', 'http://cc.org/by'],
      },
      'identifier',
    ],
    [
      { url: ['http://a.x/page/1', 'http://a.x/page/2'], image_url: ['http://a.x/1.webp', 'http://a.x/2.webp'] },
      'image_url',
    ],
  ] as [Record<string, string[]>, string][])('takes files before pages and what never changes: %j', (values, url) => {
    expect(guess(Object.keys(values), {}, values).roles.url).toBe(url);
  });

  it('names the other column that may be meant', () => {
    const links = {
      image_url: ['http://a.x/1.jpg', 'http://a.x/2.jpg'],
      copy_url: ['http://b.x/1.jpg', 'http://b.x/2.jpg'],
    };
    const read = {
      columns: ['image_url', 'copy_url'].map((name) => ({ name, isText: true })),
      values: (name: string) => links[name as 'copy_url'],
    };
    expect(guessRoles({}, read).said).toEqual([
      expect.stringMatching(/^image_url is taken .* copy_url holds some as well/),
    ]);
    expect(guessRoles({ url: 'copy_url' }, read).said).toEqual([]);
  });
});
