/** Demo: the whole job on real bytes and without a network, on hosts that this process plays. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { count, duration } from '../../format.ts';
import { visible } from '../../visible.ts';
import type { Command } from '../args/define-command.ts';
import { type DemoFolderOptions, type DemoGround, openDemoGround } from '../demo/demo-ground.ts';
import { DEMO_HOSTS } from '../demo/demo-hosts.ts';
import { countRows, hostTable, nextSteps } from '../demo/demo-tally.ts';
import { type CliIo, EXIT, writeLines, writeOwn } from '../terminal/process.ts';
import { runDownload } from './run-download.ts';
import { runVerify } from './verify.ts';

const HELP = `Usage: flow-dc demo [-o DIR] [--keep] [--serve [--port N]]

Downloads 2,400 images from hosts that this process plays itself (fast, slow, rate-limited, flaky, broken), verifies the
dataset and says what became of every row. Takes about 20 s, needs no network and leaves its files in DIR.

  -o, --output DIR   Where to write (default: demo-out). An earlier demo in it is replaced.
  --keep             Keep an earlier demo: write to DIR-2, DIR-3, ...
  --serve            Only write the manifest and play the hosts until Ctrl-C, to try other commands on them.
  --port N           Port to play them on (default: any free one).
  -h, --help         Show this text.
`;

/** `demo`. Its flags are its own: none of them is a key of the configuration. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'Download, verify and explain a small dataset from hosts that this process plays itself.',
  usage: 'demo [-o DIR] [--keep] [--serve]',
  async run(argv, io) {
    const { help, serve, port, ...folder } = parseDemoFlags(argv);
    if (help === true) {
      writeOwn(io.stdout, HELP);
      return EXIT.done;
    }
    if (port !== undefined && serve !== true)
      throw new FlowDcError('FDC_ERR_USAGE', 'demo: --port goes with --serve, which plays the hosts for others');
    const ground = await openDemoGround(folder, serve === true ? portOf(port) : 0);
    try {
      return await (serve === true ? serveDemo(ground, io) : runDemo(ground, io));
    } finally {
      await ground.hosts.close();
    }
  },
};

/** Play the hosts until interrupted, so that every command can be tried on them. */
async function serveDemo({ manifest, dataset, rows, hosts }: DemoGround, io: CliIo): Promise<number> {
  // In one piece: whoever reads it from a pipe has all of it at once.
  writeOwn(
    io.stdout,
    `${visible(manifest)}: ${count(rows)} rows of ${DEMO_HOSTS.length} hosts, played here until Ctrl-C. ` +
      `In another terminal:\n\n` +
      `  flow-dc download ${visible(manifest)} -o ${visible(dataset)} --connect-to ${hosts.connectTo}\n`,
  );
  if (!io.signal.aborted) await once(io.signal, 'abort');
  return EXIT.done;
}

/** Exit code 0 only when every host's rows ended as they should and the dataset verifies. */
async function runDemo(ground: DemoGround, io: CliIo): Promise<number> {
  const startedMs = systemClock.nowMs();
  const say = (text: string): void => writeLines(io.stdout, text.split('\n'));
  const tally = countRows();
  try {
    say(
      `flow-dc demo: ${count(ground.rows)} rows of ${DEMO_HOSTS.length} hosts, played by this process on ` +
        `127.0.0.1:${ground.hosts.port}\n`,
    );
    const downloaded = await runDownload(demoConfig(ground), io);
    if (downloaded !== EXIT.done) return downloaded;
    const verified = await runVerify(ground.dataset, io);
    say(`\nWhat became of the rows\n${hostTable(DEMO_HOSTS, tally)}`);
    const surprises = tally.surprises(DEMO_HOSTS).map((surprise) => `not as expected: ${surprise}`);
    writeLines(io.stderr, surprises);
    if (surprises.length > 0 || verified !== EXIT.done) return EXIT.result;
    say(
      `Every host's rows ended as they should, and the dataset verifies. ` +
        `${duration(systemClock.nowMs() - startedMs)} in all.\n`,
    );
    say(nextSteps(ground, io.env.npm_lifecycle_event === 'demo' ? 'node dist/cli/main.js' : 'flow-dc'));
    return EXIT.done;
  } catch (error) {
    if (io.signal.aborted)
      writeLines(io.stderr, ['the hosts of the demo end with it: run flow-dc demo again for a whole one']);
    throw error;
  } finally {
    tally.stop();
  }
}

/** Short shards and a short pause before retries, so that a small run shows what a large one does. */
function demoConfig({ manifest, dataset, hosts }: DemoGround): Config {
  return {
    input: [manifest],
    output: dataset,
    output_format: 'webdataset',
    url: 'url',
    caption_col: 'caption',
    label: 'label',
    shard_size: 500,
    retry_backoff_sec: 0.5,
    connect_to: [hosts.connectTo],
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

function parseDemoFlags(argv: readonly string[]): DemoFlags {
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
