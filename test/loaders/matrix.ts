/** Which program opens which dataset: measured, kept in matrix.json, and shown in docs/outputs.md. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { findPythonSet } from '../../scripts/python-packages.ts';
import { type LoaderDataset, makeDataset, makeDatasets } from './datasets.ts';
import { TOOL_NAMES, TOOLS, type Tool, type ToolName } from './modes.ts';

/** Problems of each dataset, by tool, mode and manifest; none when all is well. */
export type Matrix = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>>;

const PROGRAM = fileURLToPath(new URL('read.py', import.meta.url));

/** One process for each program, two at a time. @param folder - for the datasets */
export async function measure(folder: string, tools: readonly ToolName[] = TOOL_NAMES): Promise<Matrix> {
  const datasets = await makeDatasets(folder);
  const waiting = [...tools];
  const measured = new Map<ToolName, Matrix[string]>();
  const work = async (): Promise<void> => {
    for (let tool = waiting.shift(); tool !== undefined; tool = waiting.shift())
      measured.set(tool, await verdictsOf(tool, datasets, folder));
  };
  await Promise.all([work(), work()]);
  return Object.fromEntries(tools.map((tool) => [tool, measured.get(tool) ?? {}]));
}

async function verdictsOf(tool: ToolName, all: readonly LoaderDataset[], home: string): Promise<Matrix[string]> {
  const { modes }: Tool = TOOLS[tool];
  const datasets = all.filter(({ mode }) => modes.includes(mode));
  const answers = await ask(tool, datasets, join(home, tool));
  const byMode: Record<string, Record<string, readonly string[]>> = {};
  datasets.forEach(({ mode, manifest }, at) => {
    byMode[mode] = { ...byMode[mode], [manifest]: answers[at] ?? ['no answer'] };
  });
  return byMode;
}

/** Problems with what README, docs and card say to ask first of datasets of these two forms. */
export async function askFirst(
  queries: readonly { readonly form: 'webdataset' | 'parquet'; readonly query: string }[],
  folder: string,
): Promise<string[][]> {
  const asked = [];
  for (const form of ['webdataset', 'parquet'] as const) {
    const made = await makeDataset(join(folder, `asked-${form}`), 'plain', form);
    const own = queries.filter((query) => query.form === form).map(({ query }) => query);
    asked.push({
      ...made,
      queries: own.map((query) => query.replace(/(['"])(dataset\/|FOLDER\/|)(?=\S*\.parquet)/, `$1${made.folder}/`)),
    });
  }
  return ask('queries', asked, folder);
}

async function ask(tool: ToolName | 'queries', datasets: readonly LoaderDataset[], home: string): Promise<string[][]> {
  const { torchless }: Partial<Tool> = tool === 'queries' ? {} : TOOLS[tool];
  const packages =
    torchless === true
      ? globSync('lib/*/site-packages', {
          cwd: join(findPythonSet('torchless') as string, '..'),
          absolute: true,
          onlyDirectories: true,
          expandDirectories: false,
        })
      : [];
  const env = { ...process.env, HF_HOME: home, WIDS_CACHE: home, PYTHONPATH: packages.join(':'), ...QUIET };
  const python = spawn(join(findPythonSet('loaders') as string, 'python'), [PROGRAM, tool], { env });
  const parts = datasets.map(({ samples, ...rest }) => `${JSON.stringify(rest).slice(0, -1)},"samples":[${samples}]}`);
  python.stdin.end(`[${parts}]`);
  const [answer, complaint] = await Promise.all([text(python.stdout), text(python.stderr)]);
  if (answer === '') throw new Error(`${tool}: ${complaint.slice(-2000)}`);
  return JSON.parse(answer) as string[][];
}

const QUIET = { HF_HUB_OFFLINE: '1', HF_HUB_DISABLE_TELEMETRY: '1', HF_DATASETS_DISABLE_PROGRESS_BARS: '1' };
