/** Numbers as people read them. Pure. */

/** 12345678 -> 12,345,678. Not toLocaleString: the first number that it writes takes 20 ms. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 1 sample, 2 samples. @param what - one of them */
export function counted(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? '' : 's'}`;
}

/** What earlier runs have done. */
export function settledText({ rows, units }: { readonly rows: number; readonly units: number }): string {
  return `${counted(rows, 'row')} in ${counted(units, 'shard')} ${rows === 1 ? 'is' : 'are'} settled already`;
}

/** Decimal units, three digits: 1,234 B, 12.3 kB, 4.56 GB. */
export function byteSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${count(value)} B` : `${value.toPrecision(3)} ${units[unit]}`;
}

/** 59 s, 12 min 3 s, 3 h 20 min. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** 0.1234 -> 12.3 %; never rounds something to nothing or nearly all to all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return '<0.1 %';
  if (value < 100 && value > 99.9) return '>99.9 %';
  return `${value.toFixed(value === 0 || value === 100 ? 0 : 1)} %`;
}

/** 0.4 ms, 12 ms, 1.2 s. */
export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ms`;
}
