/** URLs as manifests have them, good and bad, as an arbitrary of fast-check. */
import fc from 'fast-check';

const label = fc.stringMatching(/^[a-z0-9-]{0,6}$/);
const plainHost = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const unusualHost = fc.constantFrom(
  'Example.ORG',
  'xn--bcher-kva.example',
  'xn--a.org',
  'bücher.example',
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '1.2.3.4.5',
  '[::1]',
  '[::1',
  'user:pass@example.org',
  'ex%61mple.org',
  'exa\tmple.org',
  'a_b.example.org',
  'example.org.',
  '.example.org',
  'example..org',
  'localhost',
  'example.o',
  '',
);
const scheme = fc.constantFrom(
  'http://',
  'https://',
  'HTTP://',
  'hTTps://',
  'ftp://',
  'http:',
  'https:/',
  'http:///',
  'http:\\\\',
  's3://',
  'S3://',
  'gs://',
  ' https://',
  '',
);
const port = fc.constantFrom('', '', '', ':80', ':443', ':8080', ':', ':99999', ':8a', ':1:2');
const path = fc.oneof(
  fc.constantFrom('', '/', '/a/b.jpg', '?q=1', '#x', '\\x', '/ü', '//other.org/', '/\0', ' ', '\n'),
  fc.string().map((s) => `/${s}`),
);
const madeUrl = fc.tuple(scheme, fc.oneof(plainHost, unusualHost), port, path).map((parts) => parts.join(''));
/** Any URL text: mostly near the borders of what is read off its bytes. */
export const anyUrl = fc.oneof(
  { weight: 6, arbitrary: madeUrl },
  { weight: 1, arbitrary: fc.webUrl() },
  { weight: 1, arbitrary: fc.string() },
);
