/** One function under the microscope. */
export interface MicroTask {
  readonly name: string;
  /** How many rows, entries or chunks one call of `run` handles: figures are for one of them. */
  readonly items: number;
  readonly run: () => void | Promise<void>;
}
