import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandsOfKey } from '../../../../src/cli/args/flag-table.ts';
import { parseFlags } from '../../../../src/cli/args/flags.ts';
import { CONFIG_KEYS, type KnownKey } from '../../../../src/config/schema.ts';
import type { FlowDcError } from '../../../../src/errors.ts';

const parse = (line: string) => parseFlags(line === '' ? [] : line.split(' '), { command: 'download' });

function issuesOf(line: string): readonly string[] {
  try {
    parse(line);
  } catch (error) {
    expect((error as FlowDcError).code).toBe('FDC_ERR_USAGE');
    return (error as FlowDcError).issues;
  }
  throw new Error(`expected "${line}" to be refused`);
}

describe('parseFlags', () => {
  it.each(['--C_max 5', '--c-max 5', '--C-MAX=5', '--c_max=5'])('reads %s, however it is spelt', (line) => {
    expect(parse(line).config).toEqual({ C_max: 5 });
  });

  it("reads FLOW-DC's own flags", () => {
    const values = '--input m.parquet --url_col u --label_col l --timeout 5 --concurrency 9';
    expect(parse(`${values} --no_tar --no_overview --disable_paarc --force`).config).toEqual({
      input: ['m.parquet'],
      url: 'u',
      label: 'l',
      timeout_sec: 5,
      concurrent_downloads: 9,
      create_tar: false,
      create_overview: false,
      enable_paarc: false,
      overwrite: true,
    });
    expect(parse('--no_compress_tar -f').config).toEqual({ compress_tar: false, overwrite: true });
  });

  it('keeps positionals apart, - among them, and everything after --', () => {
    const flags = parse('a.parquet -o out - --insecure b.csv -- --c.csv -o');
    expect(flags.positionals).toEqual(['a.parquet', '-', 'b.csv', '--c.csv', '-o']);
    expect(flags.config).toEqual({ output: 'out', insecure: true });
  });

  it('takes - as the value of -o, and a value right after its letter', () => {
    expect(parse('-o -').config).toEqual({ output: '-' });
    expect(parse('-oout').config).toEqual({ output: 'out' });
  });

  it('collects repeated flags in a list, and splits at commas only where no value has one', () => {
    const argv = [
      '-H',
      'Accept: image/png, image/jpeg',
      '--header=A: b',
      '--robots-tags',
      'noai, noindex',
      '--allow-private',
      '10.0.0.0/8',
    ];
    expect(parseFlags(argv, { command: 'download' }).config).toEqual({
      header: ['Accept: image/png, image/jpeg', 'A: b'],
      robots_tags: ['noai', 'noindex'],
      allow_private: ['10.0.0.0/8'],
    });
    expect(parse('--robots-tags none').config).toEqual({ robots_tags: [] });
  });

  it('lets the last of a repeated flag count, and refuses two spellings that differ', () => {
    expect(parse('--limit 3 --limit 4').config).toEqual({ limit: 4 });
    expect(issuesOf('--timeout 3 --timeout-sec 4')).toEqual([
      '--timeout and --timeout-sec are one option, but have the values 3 and 4; keep one',
    ]);
  });

  it('repeats no value when one option is given twice, because it may be a secret', () => {
    const twice = ['m.csv', '-o', 'https://me:hunter2@box/x', '--output', 'y'];
    expect(() => parseFlags(twice, { command: 'download' })).toThrow(/are one option, but have two values; keep one/);
    expect(() => parseFlags(twice, { command: 'download' })).not.toThrow(/hunter2/);
  });

  it('hands on the file of --config, and looks at nothing else with --help', () => {
    expect(parse('--config f.json').configFile).toBe('f.json');
    expect(parse('--bogus -h')).toMatchObject({ help: true });
  });

  it.each([
    ['--serve', 'auto', []],
    ['--serve 8080', '8080', []],
    ['--serve 0.0.0.0:8080 photos.csv', '0.0.0.0:8080', ['photos.csv']],
    ['--serve photos.csv', 'auto', ['photos.csv']],
    ['--serve=[::1]:0 photos.csv', '[::1]:0', ['photos.csv']],
    ['--serve -o ds', 'auto', []],
  ] as const)('a value that may be left out takes nothing that is not one: %s', (line, serve, positionals) => {
    expect(parse(line)).toMatchObject({ config: { serve }, positionals });
  });

  it.each([
    ['--serve=here', '--serve: expected a port, or an address and a port such as 127.0.0.1:8377, got "here"'],
    ['--tiemout 3', 'unknown flag --tiemout; did you mean --timeout?'],
    ['--no-progres', 'unknown flag --no-progres'],
    ['-output out', 'unknown flag -output; did you mean --output?'],
    ['-5', 'unknown flag -5; a name that begins with - goes after --'],
    ['-x', 'unknown flag -x; a name that begins with - goes after --'],
    ['--output', '--output needs a value (DEST)'],
    ['--output --insecure', '--output needs a value (DEST)'],
    ['--law', '--law needs a value (paarc, original, fixed)'],
    ['--limit -5', '--limit: expected an integer of at least 1, got -5'],
    ['--c-max many', '--c-max: expected an integer from 1 to 100000, got "many"'],
    ['--insecure=maybe', '--insecure takes no value, got "maybe"'],
    ['--no-hash=1', '--no-hash takes no value, got "1"'],
    ['--hosts {}', "--hosts: expected rules by host, each key once (as a flag: 'GLOB: KEY=VALUE, ...'), got "],
    ['--groups 3', '--groups is not an option of download, but of partition'],
  ])('refuses %s', (line, problem) => {
    expect(issuesOf(line)[0]).toContain(problem);
  });

  it('names every problem at once', () => {
    expect(issuesOf('--tiemout=3 --limit 0 --mu 7 --connect-to nowhere')).toEqual([
      'unknown flag --tiemout; did you mean --timeout?',
      '--limit: expected an integer of at least 1, got 0',
      '--mu: expected a number above 0 and of at most 1, got 7',
      '--connect-to[0]: expected HOST1:PORT1:HOST2:PORT2, where an empty part means any, got "nowhere"',
    ]);
  });

  it('says whose option a flag of another command is', () => {
    expect(() => parseFlags(['--shard-size', '3'], { command: 'verify' })).toThrow(
      '--shard-size is not an option of verify, but of download',
    );
  });
});

describe('flags and keys', () => {
  it('turn any valid configuration into flags and back', () => {
    // Rules for hosts are written otherwise: named-rule.test.ts.
    const keys = [...CONFIG_KEYS].filter(
      ([key, schema]) => key !== 'hosts' && commandsOfKey(schema).includes('download'),
    );
    const config = fc.record(Object.fromEntries(keys.map(([key, schema]) => [key, arbitraryValue(key, schema)])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(config, (given) => {
        const argv = Object.entries(given).flatMap(([key, value]) => flagFor(key, value));
        expect(parseFlags(argv, { command: 'download' }).config).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });
});

/** Values that the schema allows; for patterns, a few that they do. */
function arbitraryValue(key: string, schema: KnownKey): fc.Arbitrary<unknown> {
  const patterned: Record<string, string[]> = {
    header: ['A: b', 'X-Y:', 'Accept: a, b'],
    connect_to: ['a:1:b:2', ':::', '::[::1]:8080', ':443:localhost:'],
    robots_tags: ['noai', 'noindex'],
    s3_endpoint: ['https://s3.example.org', 'http://127.0.0.1:9000/x'],
    s3_region: ['eu-central-1', 'auto'],
    outcomes: ['o.csv', 'a/o.PARQUET'],
    try_extensions: ['jpg', '.png'],
    mtime: ['0', '1700000000', 'last-modified'],
    iiif_size: ['1024', '800,', ',600', '!640,480', '^!640,480', 'pct:12.5', 'max', 'full'],
    serve: ['auto', '8080', ':0', '[::1]:8080', 'box.lan:1'],
  };
  const words = patterned[key] ?? schema.items?.enum;
  const word = words === undefined ? fc.stringMatching(/^[a-z0-9][a-z0-9.=_-]{0,12}$/) : fc.constantFrom(...words);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'array') return fc.array(word, { minLength: 1 });
  if (schema.type === 'string') return word;
  const low = Math.ceil(schema.minimum ?? schema.exclusiveMinimum ?? 0);
  if (schema.type === 'integer') return fc.integer({ min: low, max: schema.maximum ?? low + 1_000_000 });
  const high = schema.maximum ?? schema.exclusiveMaximum ?? low + 1000;
  return fc.integer({ min: 1, max: 999 }).map((part) => low + ((high - low) * part) / 1000);
}

function flagFor(key: string, value: unknown): string[] {
  const name = key.replaceAll('_', '-');
  if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
  if (Array.isArray(value)) return value.flatMap((item) => [`--${name}`, item]);
  return [`--${name.toUpperCase()}=${value}`];
}
