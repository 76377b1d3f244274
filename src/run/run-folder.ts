/**
 * What a job in a store has on this machine while it runs: a folder below the system's temporary one, named after the
 * output, so that the next run here finds what a killed one left.
 *
 *   TMP/flow-dc-UID-HASH/poison/          notes about rows that ended a run; stay until the job is complete
 *   TMP/flow-dc-UID-HASH/spill/           bodies that do not stay in memory
 *   TMP/flow-dc-UID-HASH/run-PID-.../     everything else of one run
 */
import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { FlowDcError } from '../errors.ts';

const POISON = 'poison';
/** Enough for as many runs as end at once on one machine. Chosen. */
const MAKE_TRIES = 20;

export class RunFolder {
  /** All of it. */
  readonly root: string;
  /** Of this run alone. */
  readonly run: string;
  readonly timeline: string;
  readonly hostProfiles: string;
  readonly keptInput: string;
  readonly partialInput: string;
  readonly lingers: string;
  #made: Promise<void> | undefined;

  /** Touches nothing yet. @param name - of the output */
  constructor(name: string) {
    const user = process.getuid?.() ?? 'user';
    this.root = join(tmpdir(), `flow-dc-${user}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`);
    this.run = join(this.root, `run-${process.pid}-${randomBytes(4).toString('hex')}`);
    this.timeline = join(this.run, 'timeline.jsonl');
    this.hostProfiles = join(this.run, 'hosts.json');
    this.keptInput = join(this.run, 'stdin');
    this.partialInput = join(this.run, 'stdin.partial');
    this.lingers = join(this.run, 'lingers');
  }

  /** Errors: FDC_ERR_DEST_UNWRITABLE, FDC_ERR_DEST_FULL. */
  make(): Promise<void> {
    this.#made ??= this.#make().catch((error: unknown) => {
      throw destinationError(error, `temporary files in ${tmpdir()}`, 'FDC_ERR_DEST_UNWRITABLE');
    });
    return this.#made;
  }

  /** Remove what runs before this one left: only under the job's lock. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.root)) {
      const path = join(this.root, name);
      if (name !== POISON && path !== this.run) await rm(path, { recursive: true, force: true });
    }
  }

  /**
   * Remove what this run has here.
   * @param isHeld - nobody else works on the output, so all of it goes but for the notes
   * @param withNotes - nobody will need the notes about rows any more
   */
  async remove(isHeld: boolean, withNotes: boolean): Promise<void> {
    await rm(this.run, { recursive: true, force: true });
    if (isHeld) await this.sweep();
    if (isHeld && withNotes) await rm(join(this.root, POISON), { recursive: true, force: true });
    await rmdir(this.root).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
  }

  async #make(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#makeOnce();
      } catch (error) {
        // Another run that ends just now removes what they share.
        if (errnoOf(error) !== 'ENOENT' || tries === MAKE_TRIES) throw error;
      }
    }
  }

  async #makeOnce(): Promise<void> {
    await mkdir(this.root, { mode: 0o700 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
    // Everybody may write to the temporary folder, and may have made this one.
    const found = await lstat(this.root);
    const isOurs = found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
    if (!isOurs)
      throw new FlowDcError(
        'FDC_ERR_DEST_UNWRITABLE',
        `${this.root} is somebody else's; remove it, or set TMPDIR to a folder of your own`,
      );
    await mkdir(this.run);
  }
}
