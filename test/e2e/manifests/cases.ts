/** The table: lists that people hold, theme by theme. */
import { DELIMITED } from './delimited.ts';
import { DIALECTS } from './dialects.ts';
import { JSONS } from './json.ts';
import { LIMITS } from './limits.ts';
import type { ManifestCase } from './manifest-case.ts';
import { PARQUET } from './parquet.ts';
import { PLACES } from './places.ts';
import { PROGRAMS } from './programs.ts';
import { PUBLISHED } from './published.ts';
import { REFUSED } from './refused.ts';
import { SHAPES } from './shapes.ts';
import { SHEETS } from './sheets.ts';

export const CASES: readonly ManifestCase[] = [
  ...DELIMITED,
  ...DIALECTS,
  ...JSONS,
  ...LIMITS,
  ...PARQUET,
  ...PLACES,
  ...PROGRAMS,
  ...PUBLISHED,
  ...REFUSED,
  ...SHAPES,
  ...SHEETS,
];
