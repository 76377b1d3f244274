/** Demo: the whole job on hosts that this process plays. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/types.ts';
import { startDemoHosts } from '../../demo-hosts/start-demo-hosts.ts';
import { FlowDcError } from '../../errors.ts';
import { count, duration } from '../../format.ts';
import type { CliIo, Command } from '../args/command.ts';
import { hostTable, nextSteps } from '../demo/demo-account.ts';
import { type DemoFolderOptions, prepareDemoFolder } from '../demo/demo-folder.ts';
import { DEMO_HOSTS } from '../demo/demo-hosts.ts';
import { demoManifest } from '../demo/demo-manifest.ts';
import { countRows } from '../demo/demo-tally.ts';
import { serveDemo } from '../demo/serve-demo.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** The two commands that the demo strings together, as `download` and `verify` run them. */
export interface DemoSteps {
  runDownload(config: Config, io: CliIo): Promise<number>;
  runVerify(folder: string, io: CliIo): Promise<number>;
}

const HELP = `Usage: flow-dc demo [-o DIR] [--keep] [--serve [--port N]]

Downloads 2,400 images from hosts that this process plays itself (fast, slow, rate-limited, flaky, broken), verifies the
dataset and says what became of every row. Takes about 20 s, needs no network and leaves its files in DIR.

  -o, --output DIR   Where to write (default: demo-out). An earlier demo in it is replaced.
  --keep             Keep an earlier demo: write to DIR-2, DIR-3, ...
  --serve            Only write the manifest and play the hosts until Ctrl-C, to try other commands on them.
  --port N           Port to play them on (default: any free one).
  -h, --help         Show this text.
`;

/** `demo`: the whole job on real bytes, without a network. */
export function demoCommand(steps: DemoSteps): Command {
  return {
    name: 'demo',
    summary: 'Download, verify and explain a small dataset from hosts that this process plays itself.',
    usage: 'demo [-o DIR] [--keep] [--serve]',
    async run(argv, io) {
      const flags = parseFlags(argv);
      if (flags.help === true) {
        io.stdout.write(HELP);
        return EXIT.done;
      }
      return flags.serve === true ? serveDemo(flags, portOf(flags.port), io) : runDemo(steps, flags, io);
    },
  };
}

/** Exit code 0 only when every host's rows ended as they should and the dataset verifies. */
async function runDemo(steps: DemoSteps, options: DemoFolderOptions, io: CliIo): Promise<number> {
  const startedMs = systemClock.nowMs();
  const say = (text: string) => void io.stdout.write(`${text}\n`);
  const folder = await prepareDemoFolder(options);
  const paths = { manifest: join(folder, 'manifest.jsonl'), dataset: join(folder, 'dataset') };
  await writeFile(paths.manifest, demoManifest(DEMO_HOSTS));
  const origin = await startDemoHosts({
    rules: DEMO_HOSTS.map(({ name, behaviours }) => ({ host: name, behaviours })),
  });
  const tally = countRows();
  try {
    const rows = DEMO_HOSTS.reduce((sum, host) => sum + host.rows, 0);
    say(
      `flow-dc demo: ${count(rows)} rows of ${DEMO_HOSTS.length} hosts, played by this process on ` +
        `127.0.0.1:${origin.port}\n`,
    );
    const downloaded = await steps.runDownload(demoConfig(paths, origin.connectTo), io);
    if (downloaded !== EXIT.done) return downloaded;
    const verified = await steps.runVerify(paths.dataset, io);
    say(`\nWhat became of the rows\n${hostTable(DEMO_HOSTS, tally)}`);
    const surprises = tally.surprises(DEMO_HOSTS);
    for (const surprise of surprises) io.stderr.write(`not as expected: ${surprise}\n`);
    if (surprises.length > 0 || verified !== EXIT.done) return EXIT.result;
    say(
      `Every host's rows ended as they should, and the dataset verifies. ` +
        `${duration(systemClock.nowMs() - startedMs)} in all.\n`,
    );
    say(nextSteps(paths, io.env.npm_lifecycle_event === 'demo' ? 'node dist/cli/main.js' : 'flow-dc'));
    return EXIT.done;
  } catch (error) {
    if (io.signal.aborted)
      io.stderr.write('the hosts of the demo end with it: run flow-dc demo again for a whole one\n');
    throw error;
  } finally {
    tally.stop();
    await origin.close();
  }
}

/** Short shards and a short pause before retries, so that a small run shows what a large one does. */
function demoConfig(paths: { readonly manifest: string; readonly dataset: string }, connectTo: string): Config {
  return {
    input: [paths.manifest],
    output: paths.dataset,
    output_format: 'webdataset',
    url: 'url',
    caption_col: 'caption',
    label: 'label',
    shard_size: 500,
    retry_backoff_sec: 0.5,
    connect_to: [connectTo],
  };
}

interface DemoFlags extends DemoFolderOptions {
  readonly help?: boolean | undefined;
  readonly serve?: boolean | undefined;
  readonly port?: string | undefined;
}

function portOf(text = '0'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new FlowDcError('FDC_ERR_USAGE', `demo: --port: expected a number up to 65535, got ${text}`);
}

function parseFlags(argv: readonly string[]): DemoFlags {
  try {
    const options = {
      output: { type: 'string', short: 'o' },
      keep: { type: 'boolean' },
      serve: { type: 'boolean' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const;
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    // parseArgs says what is wrong in its first sentence; the rest is about a `--` that nobody needs here.
    const [what] = (error as Error).message.split('. ');
    throw new FlowDcError('FDC_ERR_USAGE', `demo: ${what} (flow-dc demo --help)`, { cause: error });
  }
}
