import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { requireManifest } from '../../../../src/cli/args/command-config.ts';
import { resolveConfig } from '../../../../src/config/resolve.ts';

function said(input: string, isTTY: boolean): string {
  const stderr = new PassThrough();
  const stdin = Object.assign(Readable.from([]), { isTTY });
  const io = { stdin, stdout: stderr, stderr, env: {}, signal: new AbortController().signal };
  requireManifest('download', resolveConfig({ input: [input] }), io);
  return String(stderr.read() ?? '');
}

describe('a command that reads a manifest', () => {
  it('says so when it is to be typed, and how to end or leave', () => {
    expect(said('-', true)).toMatch(/from the terminal.*Ctrl-D.*Ctrl-C/);
  });

  it('says nothing of pipes and files', () => {
    expect(said('-', false)).toBe('');
    expect(said('a.csv', true)).toBe('');
  });
});
