/** A question for a page of hosts, read from a URL and bounded. */
import { HOST_COLUMNS, type HostColumn, type HostQuery } from './watch/served-state.ts';

const MOST_LINES = 200;
const MOST_LETTERS = 200;

/** What makes no sense is as if it had not been said. */
export function hostQuery(search: URLSearchParams): HostQuery {
  const sort = search.get('sort') as HostColumn;
  return {
    sort: HOST_COLUMNS.includes(sort) ? sort : 'waiting',
    isRising: search.get('rising') === '1',
    search: (search.get('search') ?? '').trim().slice(0, MOST_LETTERS),
    offset: whole(search.get('offset'), 0, Number.MAX_SAFE_INTEGER),
    limit: Math.max(1, whole(search.get('limit'), 50, MOST_LINES)),
  };
}

function whole(text: string | null, usual: number, most: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Math.min(Number(text), most) : usual;
}
