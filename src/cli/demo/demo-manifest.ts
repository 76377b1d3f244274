/** The manifest, 2,400 lines of JSON. */
import { hashText } from '../../demo-hosts/random.ts';
import type { DemoHost } from './demo-hosts.ts';

const LABELS = ['acer campestre', 'quercus robur', 'tilia cordata', 'fagus sylvatica', 'betula pendula'] as const;
/** Mostly JPEG, as on the web. */
const EXTENSIONS = ['jpg', 'jpg', 'jpg', 'jpg', 'png', 'webp', 'gif'] as const;

/** A manifest in JSON lines: url, caption, label, licence. Hosts are mixed; the same lines on every call. */
export function demoManifest(hosts: readonly DemoHost[]): string {
  const rows = hosts.flatMap(({ name, rows }) => Array.from({ length: rows }, (_, index) => demoRow(name, index)));
  const mixed = rows.map((row) => ({ row, order: hashText(row.url, 0) })).sort((a, b) => a.order - b.order);
  return mixed.map(({ row }) => `${JSON.stringify(row)}\n`).join('');
}

function demoRow(host: string, index: number): { url: string; caption: string; label: string; licence: string } {
  const label = LABELS[index % LABELS.length] as string;
  const extension = EXTENSIONS[index % EXTENSIONS.length] as string;
  return {
    url: `http://${host}/trees/${label.replace(' ', '-')}/${index}.${extension}`,
    caption: `“${label}”, tree no. ${index} of ${host}`,
    label,
    licence: 'CC0-1.0',
  };
}
