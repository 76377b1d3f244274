/** A command line of img2dataset as one of ours. */
import { FlowDcError } from '../errors.ts';
import { FROM_IMG2DATASET } from './img2dataset-options.ts';
import { nearest } from './nearest.ts';

export interface FromImg2dataset {
  /** Words after `flow-dc`. */
  readonly words: readonly string[];
  /** What is different here, for people. */
  readonly notes: readonly string[];
}

/** What decides where things lie, and so is said also where that program's default was meant. */
const LAYOUT = ['output_folder', 'output_format', 'number_sample_per_shard'];

/**
 * @param argv - its words, with or without the program's name; as Python Fire reads them
 * Errors: FDC_ERR_USAGE for what is no option of it, and without a list of URLs.
 */
export function fromImg2dataset(argv: readonly string[]): FromImg2dataset {
  const given = optionsIn(argv[0] === 'img2dataset' ? argv.slice(1) : argv);
  if (given.url_list === undefined)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'config from-img2dataset: name its list of URLs: flow-dc config from-img2dataset -- img2dataset --url_list FILE ...',
    );
  const names = Object.keys(FROM_IMG2DATASET);
  const defaults = Object.fromEntries(names.map((name) => [name, FROM_IMG2DATASET[name]?.default ?? '']));
  const values = { ...defaults, ...given };
  const words = ['download'];
  const notes: string[] = [];
  for (const name of names) {
    const { words: wordsOf, note } = FROM_IMG2DATASET[name] ?? {};
    const value = values[name] ?? '';
    if (given[name] !== undefined || LAYOUT.includes(name)) {
      const said = value === 'dummy' && name === 'output_format' ? [] : (wordsOf?.(value, values) ?? []);
      words.push(...(name === 'output_folder' && values.output_format === 'dummy' ? ['-o', 'none:'] : said));
    }
    const text =
      given[name] !== undefined || name === 'image_size' || LAYOUT.includes(name) ? note?.(value, values) : undefined;
    if (text !== undefined) notes.push(`${name}: ${text}`);
  }
  return { words, notes };
}

/** `--name value`, `--name=value`, `--switch`, `--noswitch`, and the list of URLs by its place. */
function optionsIn(argv: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  const rest = [...argv];
  for (let token = rest.shift(); token !== undefined; token = rest.shift()) {
    const [, written, attached] = /^--?([^=]+)(?:=(.*))?$/s.exec(token) ?? [];
    if (written === undefined) {
      if (found.url_list !== undefined) throw unknown(token);
      found.url_list = token;
      continue;
    }
    const plain = written.replaceAll('-', '_');
    const isOff = FROM_IMG2DATASET[plain] === undefined && plain.startsWith('no');
    const name = isOff ? plain.slice(2) : plain;
    if (FROM_IMG2DATASET[name] === undefined) throw unknown(`--${plain}`);
    const hasNext = attached === undefined && !isOff && rest[0] !== undefined && !rest[0].startsWith('--');
    found[name] = isOff ? 'False' : (attached ?? (hasNext ? (rest.shift() as string) : 'True'));
  }
  return found;
}

function unknown(token: string): FlowDcError {
  const near = nearest(token.replace(/^--/, ''), Object.keys(FROM_IMG2DATASET));
  return new FlowDcError(
    'FDC_ERR_USAGE',
    `config from-img2dataset: ${token} is no option of img2dataset${near === undefined ? '' : `; did you mean --${near}?`}`,
  );
}
