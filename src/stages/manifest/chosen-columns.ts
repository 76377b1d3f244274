/** Which columns of a manifest are carried: all, those that are kept, or all but those that are dropped. */
import type { Field } from 'apache-arrow';
import { nearest } from '../../config/nearest.ts';
import { FlowDcError } from '../../errors.ts';
import type { ColumnRoles } from '../../record.ts';
import { someOf } from '../../short-text.ts';
import type { Role } from './manifest-info.ts';

export interface ColumnChoice {
  readonly keepColumns?: readonly string[] | undefined;
  readonly dropColumns?: readonly string[] | undefined;
}

/** Columns and what they are for. */
interface Columns {
  readonly fields: readonly Field[];
  readonly roles: ColumnRoles;
  readonly guessed: readonly Role[];
}

interface Chosen extends Columns {
  /** Names of the fields, where they are not all there are. */
  readonly only?: readonly string[];
}

/**
 * Columns with a role are kept. One that is dropped loses a role that was guessed; FDC_ERR_MANIFEST_COLUMN for one that
 * was given, for the URLs, and for a name that no column has.
 */
export function chooseColumns(
  { fields, roles, guessed, mirrors }: Columns & { readonly mirrors: readonly string[] },
  { keepColumns, dropColumns }: ColumnChoice,
): Chosen {
  if (keepColumns === undefined && dropColumns === undefined) return { fields, roles, guessed };
  const names = fields.map(({ name }) => name);
  const kept = matching('keep_columns', keepColumns ?? ['*'], names);
  const dropped = matching('drop_columns', dropColumns ?? [], names);
  const left = { ...roles };
  const all = [...Object.entries(roles), ...mirrors.map((name) => ['url', name])] as [Role, string][];
  for (const [role, name] of all) {
    if (!dropped.has(name)) kept.add(name);
    else if (role === 'url' || !guessed.includes(role)) throw needed(role, name);
    else delete (left as Partial<ColumnRoles>)[role];
  }
  const chosen = fields.filter(({ name }) => kept.has(name) && !dropped.has(name));
  const only = chosen.map(({ name }) => name);
  return { fields: chosen, roles: left, guessed: guessed.filter((role) => left[role] !== undefined), only };
}

function matching(option: string, patterns: readonly string[], names: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const matches = matcher(pattern);
    const before = found.size;
    for (const name of names) if (matches.test(name)) found.add(name);
    if (found.size === before && !names.some((name) => matches.test(name))) throw none(option, pattern, names);
  }
  return found;
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function none(option: string, pattern: string, names: readonly string[]): FlowDcError {
  const near = nearest(pattern, [...names]);
  const hint = near === undefined ? '' : `did you mean ${near}? `;
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `no column is called ${pattern} (${option}): ${hint}the columns are ${someOf(names, 12) || '(none)'}`,
  );
}

function needed(role: Role, name: string): FlowDcError {
  const fix = role === 'url' ? 'leave it out of drop_columns, or say with url which one has them' : `leave ${role} out`;
  return new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `the column ${name} cannot be dropped (drop_columns): it is the ${role} column; ${fix}`,
  );
}
