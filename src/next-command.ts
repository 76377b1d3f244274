/** The command to run next about a dataset, as somebody copies it into a shell. */
import { shellQuoted } from './shell-quoted.ts';
import { meansStore } from './store/store-url.ts';

/** How a store was reached, where that was said and not found in the environment. */
export interface StoreReach {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly pathStyle?: boolean | undefined;
}

/** @param reach - repeated for an output in a store: without it the command would ask another server */
export function nextCommand(
  command: 'verify' | 'resume' | 'report' | 'repair',
  out: string,
  reach: StoreReach = {},
): string {
  return `flow-dc ${command} ${placeWords(out, reach)}`;
}

/** An output as words of such a command. */
export function placeWords(out: string, reach: StoreReach = {}): string {
  return [shellQuoted(out), ...(meansStore(out) ? flagsOf(reach) : [])].join(' ');
}

function flagsOf({ endpoint, region, profile, pathStyle }: StoreReach): string[] {
  const named = { '--s3-endpoint': endpoint, '--s3-region': region, '--s3-profile': profile };
  const flags = Object.entries(named).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, shellQuoted(value)],
  );
  if (pathStyle !== undefined) flags.push(pathStyle ? '--s3-path-style' : '--no-s3-path-style');
  return flags;
}
