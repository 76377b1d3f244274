/** The manifest slice of the configuration, and what only a program can pass. */
import type { Readable } from 'node:stream';
import { stageSettings } from '../../config/stage-settings.ts';
import type { ManifestOptions, ManifestSettings } from '../../config/types.ts';
import type { ClassRule } from '../../dataset/class-numbers.ts';
import { FlowDcError } from '../../errors.ts';
import { asNamed, MEMBER } from './archive-tables.ts';
import { type TextTypes, textTypes } from './column-kinds.ts';
import type { GivenRoles } from './guess-roles.ts';
import type { StdinSource } from './open-stdin.ts';
import type { RemoteOptions, Remotes } from './remote/remotes.ts';

/**
 * The manifest slice of the configuration, how hosts and stores of inputs that are URLs are reached, and how classes
 * are numbered: with it, and a label column, every row has the number of its class.
 */
export type ManifestReadOptions = ManifestOptions & {
  readonly remote?: RemoteOptions | undefined;
  readonly classes?: ClassRule | undefined;
  /** The file is what was kept of a pipe: it is read as the pipe was. */
  readonly isKeptPipe?: boolean | undefined;
};

/** The same and what only a program can pass. A role's column may be '': leave the role empty. */
export type ManifestSourceOptions = ManifestReadOptions & {
  readonly signal?: AbortSignal | undefined;
  /** What the input `-` reads. */
  readonly stdin?: Readable | undefined;
  /** Keep a copy of stdin's bytes in this file, so that it can be read again. */
  readonly spoolPath?: string | undefined;
  /** Told of the bytes that are kept, before they are. What it throws ends the reading. */
  readonly onBytes?: ((bytes: Buffer) => Promise<void>) | undefined;
};

export interface ManifestSource {
  readonly settings: ManifestSettings;
  readonly given: GivenRoles;
  readonly types: TextTypes;
  /** Set when the input is `-`. */
  readonly stdin?: StdinSource | undefined;
  /** What finds the files of inputs that are URLs. */
  remotes(signal: AbortSignal): Promise<Remotes>;
}

/** Check options. FDC_ERR_CONFIG_INVALID for a wrong one, for `-` beside other inputs or without a stream. */
export function manifestSource(inputs: string | readonly string[], options: ManifestSourceOptions): ManifestSource {
  const {
    signal: _signal,
    stdin,
    spoolPath,
    onBytes,
    remote = {},
    classes: _classes,
    isKeptPipe = false,
    urlColumn,
    labelColumn,
    captionColumn,
    keyColumn,
    ...rest
  } = options;
  const named = { urlColumn, labelColumn, captionColumn, keyColumn };
  // '' leaves a role empty, which the configuration has no word for.
  const columns = Object.fromEntries(Object.entries(named).filter(([, name]) => name !== undefined && name !== ''));
  const settings = stageSettings('manifest', {
    ...rest,
    ...columns,
    inputs: typeof inputs === 'string' ? [inputs] : [...inputs],
  });
  const wanted = { url: urlColumn || undefined, label: labelColumn, caption: captionColumn, key: keyColumn };
  const given: GivenRoles = Object.fromEntries(Object.entries(wanted).filter(([, name]) => name !== undefined));
  const remotes = async (end: AbortSignal): Promise<Remotes> => {
    // Most inputs are files here.
    const { createRemotes } = await import('./remote/remotes.ts');
    return createRemotes(remote, end);
  };
  const isPipe = settings.inputs.includes('-');
  const ofPipe = settings.inputs.find((input) => input.startsWith(`-${MEMBER}`));
  if (ofPipe !== undefined)
    throw invalid(
      `${ofPipe}: a pipe has no tables to name: write the archive to a file, and say ${asNamed('-', ofPipe)}`,
    );
  const types = textTypes(settings, isPipe || isKeptPipe);
  if (!isPipe) return { settings, given, remotes, types };
  if (settings.inputs.length > 1) throw invalid('stdin (-) must be the only input: it can be read only once');
  if (stdin === undefined) throw invalid('the input - needs the option stdin: pass the stream to read');
  if (settings.inferTypes)
    throw invalid(
      'inferTypes (infer_types): types are told from the first rows of a file: write stdin to one, and name it',
    );
  return { settings, given, remotes, types, stdin: { stdin, spoolPath, onBytes } };
}

function invalid(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
