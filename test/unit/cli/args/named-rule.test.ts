import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../../../src/cli/args/flags.ts';

function hostsOf(...rules: string[]): unknown {
  const argv = rules.flatMap((rule) => ['--host', rule]);
  return parseFlags(argv, { command: 'download' }).config.hosts;
}

describe('--host', () => {
  it('is one rule of the map hosts, keys spelt in any way, sizes as texts', () => {
    expect(
      hostsOf('img.example.org: rate=5, c-max=2', '*.example.net:8443: bytes_per_hour=5GB,budget_by=domain'),
    ).toEqual({
      'img.example.org': { rate: 5, C_max: 2 },
      '*.example.net:8443': { bytes_per_hour: 5 * 1024 ** 3, budget_by: 'domain' },
    });
    expect(hostsOf('a.test: skip=true')).toEqual({ 'a.test': { skip: true } });
  });

  it('given twice for a host adds to its rule, and rules keep the order in which they were given', () => {
    expect(hostsOf('a.test: rate=5', '*: rate=9', 'a.test: C_max=2')).toEqual({
      'a.test': { rate: 5, C_max: 2 },
      '*': { rate: 9 },
    });
  });

  it.each([
    ['a.test', /expected rules by host, each key once .*, got "a.test"/],
    ['a.test: rate=5, rate=6', /expected rules by host, each key once/],
    ['a.test: speed=5', /unknown key hosts\["a\.test"\]\.speed; there are C_max, rate, headers/],
    ['http://a.test/: rate=5', /--host: expected a host such as .*, got "http:\/\/a.test\/"; did you mean a\.test\?/],
    ['a.test:80: rate=5', /got "a.test:80"; did you mean a\.test\?/],
    ['a.test/x: rate=5', /got "a.test\/x"; did you mean a\.test\?/],
    ['::1: rate=5', /expected a host such as/],
    ['.a.test: rate=5', /got "\.a\.test"; did you mean \*\.a\.test\?/],
    ['a..test: rate=5', /expected a host such as/],
    ['a.test:0080: rate=5', /expected a host such as/],
    ['a.test:65536: rate=5', /expected a host such as/],
    ['s3://bucket: rate=5', /got "s3:\/\/bucket"(?!; did you mean)/],
    ['a.test: rate', /expected rules by host/],
    ['a.test: rat=5', /unknown key hosts\["a\.test"\]\.rat; did you mean rate\?/],
    ['a.test: rate=fast', /rate: expected a number above 0, got "fast"/],
  ])('%s is refused with what is wrong with it', (rule, message) => {
    expect(() => hostsOf(rule)).toThrow(message);
  });
});
