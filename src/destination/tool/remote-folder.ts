/**
 * A folder that a tool reaches: files are put there and looked at, several at once. Nothing is believed that can be
 * seen: after an upload its size and hash are asked for.
 */
import { createHash } from 'node:crypto';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, FlowDcError } from '../../errors.ts';
import type { Artifact } from '../../record.ts';
import { Semaphore } from '../../structures/semaphore.ts';
import type { PouredFile } from './poured-file.ts';
import { Pours } from './pours.ts';
import type { ListedPath, RemoteFile, RemoteTool } from './remote-tool.ts';
import { isAlike, isSame, md5Of } from './same-file.ts';
import { type CallerOptions, Setback, ToolCaller } from './tool-caller.ts';

/** Programs that run at once: enough to fill a line, few enough for a small machine, where each takes some 100 MB. */
const UPLOADS = 4;

export class RemoteFolder {
  readonly tool: RemoteTool;
  readonly #caller: ToolCaller;
  readonly #slots = new Semaphore(UPLOADS);
  readonly #pours: Pours;
  /** What was there at the first look, and what was put since. */
  #known: Promise<Map<string, RemoteFile> | undefined> | undefined;

  constructor(tool: RemoteTool, options: CallerOptions) {
    this.tool = tool;
    this.#caller = new ToolCaller(tool, options);
    this.#pours = new Pours(this.#caller, (artifact, md5) => this.#seePoured(artifact, md5));
  }

  /** As messages name it where it is slow. */
  get said(): string {
    return `the upload by ${this.tool.name} to ${this.tool.root}`;
  }

  /**
   * Make the folder and look into it, once: a missing program and wrong credentials are found out here.
   * @returns what is there, by name; undefined where the tool cannot look
   * Errors: FDC_ERR_DEST_UNWRITABLE.
   */
  open(): Promise<Map<string, RemoteFile> | undefined> {
    this.#known ??= this.#look().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  /**
   * Bring a local file there, unless it is there already, and see that it is. Idempotent.
   * @param artifact - by the name that it gets there
   * @returns false when the file went away meanwhile: others may roll the same record forward
   * Errors: FDC_ERR_DEST_IO, FDC_ERR_DEST_FULL, FDC_ERR_DEST_UNWRITABLE; the reason of `halt`.
   */
  async put(file: string, artifact: Artifact): Promise<boolean> {
    return this.#unlessGone(file, () => this.#put(file, artifact));
  }

  /** @returns false when `path` went away meanwhile */
  async #unlessGone(path: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      // Also when a program was to be started in the file's folder: that it is gone looks as if the program were.
      if (!(await isThere(path))) return false;
      if (this.isEnd(error)) throw error;
      // Others would find the same, each in its own time.
      this.halt(asError(error));
      throw error;
    }
  }

  /**
   * Bring a file there while it is written. Nothing is put twice: a failure is the writer's.
   * @returns undefined when it had better be written here first: as many run as may, or one failed a moment ago
   */
  pour(name: string): PouredFile | undefined {
    const call = this.tool.pour?.(name);
    if (call === undefined) return undefined;
    return this.#pours.begin(name, async () => {
      await this.open();
      return this.#caller.pour(call);
    });
  }

  /**
   * Bring everything in a local folder there, below the paths that it has in it. Idempotent.
   * @param attempt - a name of its own, for what is not whole yet. @param bytes - in all, for the time that it may take
   * @returns false when the folder went away meanwhile: others may roll the same record forward
   * Errors: those of `put`; TypeError where the tool takes one file at a time.
   */
  async putTree(folder: string, attempt: string, bytes: number): Promise<boolean> {
    const { tree } = this.tool;
    if (tree === undefined) throw new TypeError(`${this.tool.name} takes one file at a time`);
    return this.#unlessGone(folder, async () => {
      await this.open();
      const entries = await readdir(folder);
      if (entries.length === 0) return;
      const paths = entries.map((name) => join(folder, name));
      await this.#slots.run(() =>
        this.#caller.patiently(`files of ${attempt}`, async () => {
          for (const call of tree.put(folder, paths, attempt)) await this.#caller.run(call, bytes);
        }),
      );
    });
  }

  /** Every file there, by its path. Nothing where the tool does not tell. Errors: FDC_ERR_DEST_IO. */
  async *tree(): AsyncGenerator<ListedPath> {
    const { list, readLine } = this.tool.tree ?? {};
    if (list === undefined) return;
    await this.open();
    for await (const line of this.#caller.lines(list, this.tool.root)) {
      const file = readLine?.(line);
      if (file !== undefined) yield file;
    }
  }

  /** Whether this process put a file of that size there, or saw it at the last look. Asks nobody. */
  async knows({ name, bytes }: Pick<Artifact, 'name' | 'bytes'>): Promise<boolean> {
    return (await this.#known)?.get(name)?.bytes === bytes;
  }

  /** Whether a file of that size is there; believed where the tool cannot look. */
  async has({ name, bytes }: Pick<Artifact, 'name' | 'bytes'>): Promise<boolean> {
    const known = await this.open();
    if (known === undefined || known.get(name)?.bytes === bytes) return true;
    // Another machine may have put it there since.
    return (await this.#stat(name))?.bytes === bytes;
  }

  /** What was there at the last look and came since, without asking. Empty before the first look. */
  async names(): Promise<string[]> {
    return [...((await this.#known) ?? new Map<string, RemoteFile>()).keys()];
  }

  /** Look again: others may have put files there. Errors: those of `open`. */
  lookAgain(): Promise<Map<string, RemoteFile> | undefined> {
    this.#known = undefined;
    return this.open();
  }

  /**
   * Give a file its final name, whoever put it there under another one. Idempotent, also by several at once.
   * @returns false when it is there under neither
   * Errors: FDC_ERR_DEST_IO.
   */
  async move(from: string, { name, bytes }: Artifact): Promise<boolean> {
    const known = await this.open();
    const call = this.tool.move?.(from, name);
    if (call === undefined) throw new TypeError(`${this.tool.name} cannot rename`);
    // What was put by ourselves needs no look before, unless somebody else has been at it.
    let isOurs = known?.has(from) === true && !known.has(name);
    if (!isOurs && known?.has(from) === false && known.get(name)?.bytes === bytes) return true;
    const isThere = await this.#slots.run(() =>
      this.#caller.patiently(name, async () => {
        const isCertain = isOurs;
        isOurs = false;
        if (isCertain) await this.#caller.run(call, bytes);
        else {
          const [staged, final] = [await this.#statOnce(from), await this.#statOnce(name)];
          if (staged === undefined) return final?.bytes === bytes;
          // Some programs first remove what they replace: not while somebody else has just given it that name.
          if (isAlike(staged, final)) await this.#removeOnce(from);
          else await this.#caller.run(call, bytes);
        }
        return true;
      }),
    );
    known?.delete(from);
    if (isThere) known?.set(name, { name, bytes });
    return isThere;
  }

  /** A small file as a whole, seen to be the right one. Errors: FDC_ERR_DEST_IO, also where the tool cannot read. */
  async fetch({ name, bytes, sha256 }: Artifact): Promise<Buffer> {
    const call = this.tool.read?.(name);
    if (call === undefined) throw this.#cannot(name);
    return this.#slots.run(() =>
      this.#caller.patiently(name, async () => {
        const content = await this.#caller.content(call, bytes);
        if (createHash('sha256').update(content).digest('hex') === sha256) return content;
        throw new Setback(this.tool.name, `${content.byteLength} bytes came back, not the same ones`);
      }),
    );
  }

  /** What is there of that name. Errors: FDC_ERR_DEST_IO, also where the tool cannot look. */
  async look(name: string): Promise<RemoteFile | undefined> {
    const known = await this.open();
    if (known === undefined) throw this.#cannot(name);
    return known.get(name);
  }

  /** The content, in order. Errors: FDC_ERR_DEST_IO, also where the tool cannot read. */
  async *read(name: string): AsyncGenerator<Buffer> {
    const call = this.tool.read?.(name);
    if (call === undefined) throw this.#cannot(name);
    const found = await this.look(name);
    if (found === undefined) throw Object.assign(new Error(`${name} is not in ${this.tool.root}`), { code: 'ENOENT' });
    yield* this.#caller.read(call, name, found.bytes);
  }

  /** Where the tool cannot remove, nothing happens. Errors: FDC_ERR_DEST_IO. */
  async remove(name: string): Promise<void> {
    await this.#slots.run(() => this.#caller.patiently(name, () => this.#removeOnce(name)));
    (await this.#known)?.delete(name);
  }

  /** Give up what is under way, at once; whoever waits for it gets the reason. */
  halt(reason: Error): void {
    this.#caller.halt(reason);
  }

  /** The run ends: what is under way gets so long, ms, and nothing is tried again; whoever waits gets the reason. */
  windDown(reason: Error, leftMs: number): void {
    this.#caller.windDown(reason, leftMs);
  }

  /** Whether an error says no more than that the run ends. */
  isEnd(error: unknown): boolean {
    return this.#caller.isEnd(error);
  }

  async #put(file: string, artifact: Artifact): Promise<void> {
    const { name, bytes } = artifact;
    const known = await this.open();
    await this.#slots.run(async () => {
      const md5 = (): Promise<string> => md5Of(file);
      if (known?.has(name) && (await isSame(await this.#stat(name), artifact, md5))) return;
      await this.#caller.patiently(name, async () => {
        await access(file);
        for (const call of this.tool.put(file, name)) await this.#caller.run(call, bytes);
        await this.#expect(artifact, md5);
      });
    });
    known?.set(name, { name, bytes });
  }

  async #seePoured(artifact: Artifact, md5: string): Promise<void> {
    const known = await this.open();
    await this.#slots.run(() => this.#expect(artifact, async () => md5));
    known?.set(artifact.name, artifact);
  }

  /** Errors: Setback when it is not there, as far as the tool tells. */
  async #expect(artifact: Artifact, md5: () => Promise<string>): Promise<void> {
    if (this.tool.look === undefined) return;
    const found = await this.#statOnce(artifact.name);
    if (await isSame(found, artifact, md5)) return;
    const there = found === undefined ? 'nothing is there' : `${found.bytes} bytes are there, not the same ones`;
    throw new Setback(this.tool.name, `it said that ${artifact.bytes} bytes were uploaded, and ${there}`);
  }

  #cannot(name: string): FlowDcError {
    return new FlowDcError('FDC_ERR_DEST_IO', `${name} was uploaded by ${this.tool.name}, which cannot read it back`);
  }

  async #look(): Promise<Map<string, RemoteFile> | undefined> {
    const { look, prepare, root } = this.tool;
    const code = 'FDC_ERR_DEST_UNWRITABLE';
    for (const call of prepare) await this.#caller.patiently(root, () => this.#caller.run(call), code);
    if (look === undefined) return undefined;
    const files = await this.#caller.patiently(root, () => this.#caller.look(look.list()), code);
    return new Map(files.map((file) => [file.name, file]));
  }

  async #removeOnce(name: string): Promise<void> {
    const call = this.tool.remove?.(name);
    if (call === undefined) return;
    try {
      await this.#caller.run(call);
    } catch (error) {
      // Some complain that there was nothing to remove.
      if (!(error instanceof Setback) || (await this.#statOnce(name)) !== undefined) throw error;
    }
  }

  #stat(name: string): Promise<RemoteFile | undefined> {
    return this.#caller.patiently(name, () => this.#statOnce(name));
  }

  async #statOnce(name: string): Promise<RemoteFile | undefined> {
    const { look } = this.tool;
    const files = look === undefined ? [] : await this.#caller.look(look.stat(name));
    return files.find((file) => file.name === name);
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
