import { describe, expect, it, onTestFinished } from 'vitest';
import { hostsLine, noteHosts } from '../../../../src/cli/terminal/host-lines.ts';
import { plainLine } from '../../../../src/cli/terminal/progress.ts';
import { ProgressTracker } from '../../../../src/cli/terminal/tracker.ts';
import { systemClock } from '../../../../src/clock.ts';
import { resolveConfig } from '../../../../src/config/resolve.ts';
import type { Config } from '../../../../src/config/types.ts';
import { createHostRules } from '../../../../src/network/host-rules.ts';
import { publish } from '../../../../src/telemetry/channels.ts';

function linesUnder(config: Config, tell: () => void): string[] {
  const lines: string[] = [];
  const end = noteHosts((line) => lines.push(line), resolveConfig(config).fetch);
  tell();
  end();
  return lines;
}

const ruleOf = createHostRules({ hosts: { 'a.test': { requestsPerSecond: 5, cMax: 2 } }, hostPresets: true });

function meet(host: string): void {
  publish('flow-dc:host-rule', () => ({ host, rule: ruleOf(host) }));
}

describe('rules for hosts', () => {
  it('are counted at the start, with how to leave out those that nobody gave', () => {
    const line = /^hosts: 1 rule of the configuration; the limits that \d+ known services publish .*--no-host-presets/;
    expect(hostsLine(resolveConfig({ hosts: { 'a.test': { rate: 5 } } }))).toEqual([expect.stringMatching(line)]);
    expect(hostsLine(resolveConfig({ host_presets: false }))).toEqual([]);
  });

  it('are said once, when a host is met', () => {
    const lines = linesUnder({ contact: 'me@example.org' }, () => {
      for (const host of ['a.test', 'a.test', 'api.gbif.org']) meet(host);
    });
    expect(lines[0]).toBe('a.test: at most 2 at once, 5 requests a second');
    expect(lines[1]).toMatch(/^api\.gbif\.org: at most 1 at once; it asks for a single connection .*\(https:/);
    expect(lines).toHaveLength(2);
  });

  it('warn who cannot be reached, where the owner wants to know whom to write to', () => {
    const upload = () => meet('upload.wikimedia.org');
    expect(linesUnder({}, upload).at(-1)).toMatch(/^warning: upload\.wikimedia\.org .*--contact MAIL/);
    expect(linesUnder({ contact: 'me@example.org' }, upload).join()).not.toContain('warning');
  });

  it('that are used up are said with the time, and stay in the line of progress until then', () => {
    const resumesAtMs = systemClock.wallMs() + 30 * 60_000;
    const tracker = new ProgressTracker();
    onTestFinished(() => tracker.close());
    const quota = { host: 'static.example.org', period: 'hour', bytes: 5e9, resumesAtMs } as const;
    const [line] = linesUnder({}, () => publish('flow-dc:quota', () => quota));
    expect(line).toMatch(/^static\.example\.org has given the 5\.00 GB of its hour: its rows wait until \d\d:\d\d UTC/);
    expect(plainLine(tracker.snapshot())).toMatch(/; static\.example\.org has given what it may until \d\d:\d\d UTC$/);
  });
});
