/** How a command speaks on stderr: lines for people, lines of JSON alone, or its errors and its result alone. */
import { Writable } from 'node:stream';
import type { RunSettings } from '../../config/types.ts';
import { isFlowDcError } from '../../errors.ts';
import { visible } from '../../visible.ts';
import { type CliIo, type CliOutput, errorLines, writeLines } from './process.ts';

export type VoiceMode = 'people' | 'json' | 'quiet';

/**
 * What is written is remarks: as they are for people, `{"notice":...}` a line among JSON, and nothing where it is to be
 * quiet.
 */
export class VoicedOutput extends Writable implements CliOutput {
  mode: VoiceMode;
  readonly #raw: CliOutput;

  constructor(raw: CliOutput, mode: VoiceMode = 'people') {
    super({ decodeStrings: false });
    this.#raw = raw;
    this.mode = mode;
  }

  get isTTY(): boolean {
    return this.#raw.isTTY === true;
  }

  get columns(): number {
    return this.#raw.columns ?? 0;
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    const text = String(chunk);
    switch (this.mode) {
      case 'people':
        this.#raw.write(text);
        break;
      case 'json':
        for (const notice of text.split('\n')) if (notice !== '') this.json({ notice });
        break;
      case 'quiet':
        break;
    }
    done();
  }

  json(value: unknown): void {
    writeLines(this.#raw, [JSON.stringify(value)]);
  }

  /** What is said in every mode. */
  lines(lines: readonly string[]): void {
    if (this.mode === 'json') this.write(lines.map((line) => `${visible(line)}\n`).join(''));
    else writeLines(this.#raw, lines);
  }
}

/** From here on the command speaks as it was told to. */
export function speakAs({ progress, quiet }: Pick<RunSettings, 'progress' | 'quiet'>, io: CliIo): CliIo {
  const mode = quiet ? 'quiet' : progress === 'json' ? 'json' : 'people';
  const stderr = io.stderr instanceof VoicedOutput ? io.stderr : new VoicedOutput(io.stderr);
  stderr.mode = mode;
  return { ...io, stderr };
}

/** As the flags say it, for what goes wrong before they are looked at. */
export function voiceOfFlags(flags: readonly string[]): VoiceMode {
  const end = flags.indexOf('--');
  const own = end < 0 ? flags : flags.slice(0, end);
  const isJson = own.some(
    (flag, at) => flag === '--progress=json' || (flag === '--progress' && own[at + 1] === 'json'),
  );
  return isJson ? 'json' : 'people';
}

/** A line for programs. */
export function writeJson(output: CliOutput, value: unknown): void {
  if (output instanceof VoicedOutput) output.json(value);
  else writeLines(output, [JSON.stringify(value)]);
}

/** What came of it: said even where nothing else is. */
export function writeResult(output: CliOutput, lines: readonly string[]): void {
  if (output instanceof VoicedOutput) output.lines(lines);
  else writeLines(output, lines);
}

/** Why it ended. */
export function writeError(output: CliOutput, error: unknown): void {
  const lines = errorLines(error);
  if (!(output instanceof VoicedOutput) || output.mode !== 'json') return writeResult(output, lines);
  output.json({ error: lines.join('\n'), code: isFlowDcError(error) ? error.code : undefined });
}
