import { expect, it } from 'vitest';
import { fillTemplate, parseTemplate, templateColumns } from '../../../../src/stages/manifest/url-template.ts';

const filled = (template: string, row: Record<string, string | null>) =>
  fillTemplate(parseTemplate(template), (column) => row[column] ?? null);

it.each([
  ['https://h.x/{id}/m.{ext}', { id: '5', ext: 'jpg' }, 'https://h.x/5/m.jpg'],
  ['https://h.x/{id}', { id: 'a/b c?d#é%' }, 'https://h.x/a%2Fb%20c%3Fd%23%C3%A9%25'],
  ['https://h.x/{+id}', { id: 'a/b.jpg?x=1' }, 'https://h.x/a/b.jpg?x=1'],
  ['{base}/{id}.jpg', { base: 'https://h.x', id: '1' }, 'https://h.x/1.jpg'],
  ['https://h.x/{{x}}/{id}/{id}', { id: ' 1 ' }, 'https://h.x/{x}/1/1'],
  ['https://h.x/{id}', { id: '\ud800' }, 'https://h.x/%EF%BF%BD'],
])('%s makes a URL', (template, row, url) => {
  expect(filled(template, row as never)).toEqual({ url });
});

it('says which column a row lacks', () => {
  expect(filled('https://h.x/{id}.{ext}', { id: '5', ext: ' ' })).toEqual({
    problem: 'has no ext, which url_template asks for',
  });
  expect(filled('https://h.x/{id}', { id: '..' })).toEqual({ problem: 'has .. as id, which is no part of a URL' });
});

it.each(['https://h.x/{id', 'https://h.x/id}', 'https://h.x/{}', 'https://h.x/1.jpg', 'https://h.x/{{id}}'])(
  'refuses %s',
  (template) => {
    expect(() => parseTemplate(template)).toThrow(/url_template/);
  },
);

it('names its columns once', () => {
  expect(templateColumns(parseTemplate('{a}/{b}/{+a}'))).toEqual(['a', 'b']);
});
