/** Lists in the shape in which datasets are published. */
import { lines } from './delimited.ts';
import { type ManifestCase, PLAIN, URLS } from './manifest-case.ts';

const [A, B, C] = URLS as [string, string, string];
const three = { url: [A, B, C] };
const captions = { ...three, caption: PLAIN.slice(0, 3) };
const of = (name: string, file: string, content: string, one: Partial<ManifestCase> = {}): ManifestCase => ({
  name,
  input: file,
  files: { [file]: content },
  rows: three,
  ...one,
});
const json = (value: unknown): string => JSON.stringify(value);

export const PUBLISHED: readonly ManifestCase[] = [
  of('GBIF: multimedia.txt', 'multimedia.txt', gbif(), {
    rows: { ...three, description: ['"Type" specimen', 'a "b', 'c'], gbifID: ['1', '2', '3'] },
    says: ["url 'identifier' (guessed)"],
  }),
  of(
    'iNaturalist: export',
    'observations.csv',
    lines('id,image_url,scientific_name', `1,${A},Felis catus`, `2,${B},`, `3,${C},x`),
    {
      rows: { ...three, label: ['Felis catus', null, 'x'] },
    },
  ),
  of('CC12M', 'cc12m.tsv', lines(`${A}\ta cat`, `${B}\ta dog`, `${C}\ta hen`), { rows: captions, says: ['no header'] }),
  of('CC3M', 'Train_GCC-training.tsv', lines(`a cat\t${A}`, `a dog\t${B}`, `a hen\t${C}`), {
    rows: captions,
    says: ['no header'],
  }),
  of('ImageNet', 'fall11_urls.txt', lines(`n01_1\t${A}`, `n01_2\t${B}`, `n01_3\t${C}`), { says: ['no header'] }),
  of('VGG Face', 'A_J_Buckley.txt', lines(`1 ${A} 22.60 82.32`, `2 ${B} 3.1 0.9`, `3 ${C} 7 8`), {
    says: ['space-sep'],
  }),
  of('YFCC', 'yfcc100m', lines(`1\t2\tcam\t${A}\tjpg`, `2\t3\tcam\t${B}\tjpg`, `3\t4\tcam\t${C}\tjpg`), {
    says: ['no header'],
  }),
  of(
    'LAION as csv',
    'laion.csv',
    lines('SAMPLE_ID,URL,TEXT,HEIGHT,WIDTH', `1,${A},a cat,1,2`, `2,${B},a dog,1,2`, `3,${C},a hen,1,2`),
    {
      rows: captions,
      says: ["url 'URL' (guessed)", "caption 'TEXT'"],
    },
  ),
  of('OpenImages', 'images.csv', lines('ImageID,Subset,OriginalURL,OriginalLandingURL,License', ...openImages()), {
    says: ["url 'OriginalURL'"],
  }),
  of('RedCaps', 'cats_2020.json', redCaps(), {
    rows: captions,
    says: ['its rows are those of the member annotations'],
  }),
  of('COCO', 'captions.json', coco(3), { rows: { url: [A, B, C] }, says: ['the member images'] }),
  of('COCO whose images come late', 'instances.json', coco(2000), { says: ['the first list with URLs'] }),
  of('COCO, annotations asked for', 'instances.json', coco(3), {
    flags: ['--rows-at', 'images'],
    silent: ['is read as'],
  }),
  of(
    'Visual Genome',
    'image_data.json',
    json([A, B, C].map((url, i) => ({ image_id: i, url, width: 1, coco_id: null }))),
  ),
  of('SBU captions', 'sbu.json', json({ image_urls: [A, B, C], captions: PLAIN.slice(0, 3) }), {
    rows: { ...three, captions: PLAIN.slice(0, 3) },
  }),
  of(
    'Open Food Facts',
    'products.csv',
    lines('code\tproduct_name\timage_url', `1\t"Quote\t${A}`, `2\tsay "x"\t${B}`, `3\tz\t${C}`),
    {
      rows: { ...three, product_name: ['"Quote', 'say "x"', 'z'] },
    },
  ),
  of(
    'Flickr: api',
    'photos.json',
    json({ photos: { page: 1, photo: [A, B, C].map((url_o, id) => ({ id, url_o })) }, stat: 'ok' }),
  ),
  of('EOL', 'media.csv', lines('eol_content_id,medium_source_url,eol_full-size_copy_url,license', ...eol()), {
    says: ["url 'eol_full-size_copy_url'"],
  }),
  of(
    'Wikidata: query service',
    'query.csv',
    `item,image\r\nhttp://www.wikidata.org/entity/Q1,${A}\r\nhttp://www.wikidata.org/entity/Q2,${B}\r\nhttp://www.wikidata.org/entity/Q3,${C}\r\n`,
    {
      says: ["url 'image'"],
    },
  ),
  of(
    'img2dataset: a list of JSON lines',
    'm.jsonl',
    lines(...[A, B, C].map((url, i) => json({ url, caption: PLAIN[i], NSFW: null }))),
    {
      rows: captions,
    },
  ),
  of(
    'iNaturalist: api',
    'observations.json',
    json({ total_results: 3, results: [A, B, C].map((url, id) => ({ id, url })) }),
  ),
];

function gbif(): string {
  const rows = [
    ['1', 'StillImage', A, '"Type" specimen', 'http://creativecommons.org/licenses/by/4.0/'],
    ['2', 'StillImage', B, 'a "b', 'http://creativecommons.org/licenses/by/4.0/'],
    ['3', 'StillImage', C, 'c', 'http://creativecommons.org/licenses/by/4.0/'],
  ];
  return lines('gbifID\ttype\tidentifier\tdescription\tlicense', ...rows.map((row) => row.join('\t')));
}

function openImages(): string[] {
  return [A, B, C].map((url, i) => `00${i},train,${url},https://www.flickr.com/photos/x/${i},https://cc.org/by/2.0/`);
}

function redCaps(): string {
  const annotations = [A, B, C].map((url, i) => ({
    ...{ image_id: `x${i}`, author: 'a', url, raw_caption: 'A', caption: PLAIN[i], subreddit: 2, score: 5 },
    ...{ created_utc: 1.5e9, permalink: `/r/cats/comments/${i}/`, crosspost_parents: null },
  }));
  return json({ info: { description: 'd', url: 'https://redcaps.xyz/', version: '1.0' }, annotations });
}

/** @param boxes - annotations before the images */
function coco(boxes: number): string {
  return json({
    info: { year: 2017, url: 'http://cocodataset.org' },
    licenses: [{ id: 1, url: 'http://l.test/' }],
    annotations: Array.from({ length: boxes }, (_, id) => ({ id, image_id: id % 3, bbox: [1, 2, 3, 4], area: 12 })),
    categories: [{ id: 1, name: 'cat', supercategory: 'animal' }],
    images: [A, B, C].map((coco_url, id) => ({ id, coco_url, file_name: `${id}.jpg`, license: 1 })),
  });
}

function eol(): string[] {
  return [A, B, C].map((url, i) => `${i},https://media.test/page/${i},${url},http://cc.org/by/3.0/`);
}
