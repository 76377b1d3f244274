/** The six rows that test/fixtures/manifests/sheets has in every form. */
export const URLS = [0, 1, 2, 3, 4, 5].map((i) => `http://${'abc'[i % 3]}.test/p/${i}.jpg`);

/** As their writers were given them. */
export const CAPTIONS = ['a cat', 'a "wet" dog, 5" high', "it's; one|two\tthree", 'two\nlines', 'Ünïcode café', null];
