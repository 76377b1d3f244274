/** Finds the programs for uploads that this machine has. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @returns the first line of what it says of its version; undefined when it is not there */
export async function toolVersion(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, [...args], { timeout: 60_000 });
    return stdout.split('\n')[0];
  } catch {
    return undefined;
  }
}
