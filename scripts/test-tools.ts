/** Which programs and data the tests can use here. */
import { obtainChromium } from './chromium-binary.ts';
import { CLOUD_TOOLS, obtainTool } from './cloud-tools.ts';
import { obtainProgram } from './debian-package.ts';
import { obtainNatsServer } from './nats-server-binary.ts';
import { obtainNode } from './node-binary.ts';
import { obtainPrometheus } from './prometheus-binary.ts';
import { obtainPythonSet } from './python-packages.ts';
import { runStep, takeNotes } from './run-step.ts';
import { obtainTypes, TYPES_PACKAGES } from './types-packages.ts';
import { obtainVersitygw } from './versitygw-binary.ts';

interface TestTool {
  readonly name: string;
  /** A command that succeeds, and prints its version first, when the tool is there. */
  readonly probe: readonly [command: string, ...args: string[]];
  /** What is skipped without it. */
  readonly without: string;
  /**
   * Find or fetch the tool. What it resolves is probed in place of the command's name, and told to the tests in
   * `variable`.
   */
  readonly obtain?: () => Promise<string | undefined>;
  readonly variable?: string;
}

/**
 * Programs that some tests call. A missing one is said here and skips its tests; nothing is installed outside
 * node_modules, but the browser where CI runs as root. A tool that has to be fetched or compiled gets an `obtain` step
 * in this table, run before the probe.
 */
const TOOLS: readonly TestTool[] = [
  { name: 'tar', probe: ['tar', '--version'], without: 'reading shards with GNU tar' },
  {
    name: 'nats-server',
    probe: ['nats-server', '--version'],
    without: 'everything that several machines do together',
    obtain: obtainNatsServer,
    variable: 'NATS_SERVER_BIN',
  },
  {
    name: 'versitygw',
    probe: ['versitygw', '--version'],
    without: 'everything that needs a whole S3 gateway',
    obtain: obtainVersitygw,
    variable: 'VERSITYGW_BIN',
  },
  ...CLOUD_TOOLS.map((name) => ({
    name,
    probe: [name, '--version'] as const,
    without: `uploads with ${name}`,
    obtain: () => obtainTool(name),
  })),
  { name: 'python3', probe: ['python3', '--version'], without: "reading shards with Python's tarfile" },
  {
    name: 'chromium',
    probe: ['chromium', '--version'],
    without: 'looking at the HTML report in a browser',
    obtain: obtainChromium,
    variable: 'CHROMIUM_BIN',
  },
  ...(['tmux', 'zsh'] as const).map((name) => ({
    name,
    probe: [name, name === 'tmux' ? '-V' : '--version'] as const,
    without: 'pressing Tab in a terminal',
    obtain: () => obtainProgram(name),
  })),
  {
    name: 'prometheus',
    probe: ['prometheus', '--version'],
    without: 'scraping the metrics of a run',
    obtain: obtainPrometheus,
  },
  {
    name: 'node 18',
    probe: ['node-18', '--version'],
    without: 'what the built program says under a Node that is too old',
    obtain: () => obtainNode(18),
  },
  {
    name: 'node 22',
    probe: ['node-22', '--version'],
    without: 'the built program under Node 22',
    obtain: () => obtainNode(22),
  },
  {
    name: 'node 24',
    probe: ['node-24', '--version'],
    without: 'the built program and the unit tests under Node 24',
    obtain: () => obtainNode(24),
  },
];

/** Types and compilers that the packed package meets at its users'. */
async function findTypesPackages(): Promise<string> {
  const missing: string[] = [];
  for (const name of TYPES_PACKAGES) if ((await obtainTypes(name)) === undefined) missing.push(name);
  return missing.length === 0
    ? `with types: ${TYPES_PACKAGES.join(', ')}`
    : `without types of ${missing.join(', ')}: skipping the packed package with them`;
}

/** What others read our datasets with. */
async function findLoaders(): Promise<string> {
  const folders = await Promise.all([obtainPythonSet('loaders'), obtainPythonSet('torchless')]);
  return folders.includes(undefined)
    ? 'without Python loaders: skipping reading datasets with them'
    : 'with Python loaders';
}

async function findOne({ name, probe: [command, ...args], without, obtain, variable }: TestTool): Promise<string> {
  const path = await obtain?.();
  if (path !== undefined && variable !== undefined) process.env[variable] = path;
  const { ok, output } = await runStep(path ?? command, args);
  return ok ? `with ${name}: ${output.split('\n')[0]}` : `without ${name}: skipping ${without}`;
}

/** What fetching had to say, then one line per tool or data set, for people. */
export async function findTestTools(): Promise<string[]> {
  const lines = await Promise.all([...TOOLS.map(findOne), findTypesPackages(), findLoaders()]);
  const manifests = process.env.FLOW_DC_MANIFESTS;
  lines.push(
    manifests === undefined
      ? 'without FLOW_DC_MANIFESTS: skipping the tests on real manifests (set it to their folder)'
      : `with real manifests: ${manifests}`,
  );
  return [...takeNotes(), ...lines];
}
