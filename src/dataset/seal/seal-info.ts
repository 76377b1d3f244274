/** What the records do not know about a finished dataset. */
export interface SealInfo {
  /** Of flow-dc. */
  readonly version: string;
  readonly outputFormat: 'webdataset' | 'imagefolder';
  readonly createTar: boolean;
  readonly createOverview: boolean;
  /** Manifests with what identifies their content (a hash, a size). */
  readonly inputs: readonly { readonly name: string; readonly identity: string }[];
  /** Settings in FLOW-DC's names, without credentials: `script_inputs` of the overview. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Wall clock of the first run's start and of now. */
  readonly startedAtMs: number;
  readonly sealedAtMs: number;
  /** Time spent working, over all runs. */
  readonly elapsedMs: number;
  /** Whether any run was stopped by a signal. */
  readonly interrupted: boolean;
  /** Sentences for the card about what a user of the data should know, such as checks that were switched off. */
  readonly notes: readonly string[];
}
