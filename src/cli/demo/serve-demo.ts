/** Demo --serve: the hosts alone, for other commands to be tried on. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DemoHosts, startDemoHosts } from '../../demo-hosts/start-demo-hosts.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import type { CliIo } from '../args/command.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { type DemoFolderOptions, prepareDemoFolder } from './demo-folder.ts';
import { DEMO_HOSTS } from './demo-hosts.ts';
import { demoManifest } from './demo-manifest.ts';

/**
 * Play the demo's hosts until interrupted, so that every command can be tried on them.
 * @param port - 0 for any free one
 * Errors: FDC_ERR_USAGE when the port is taken; those of prepareDemoFolder.
 */
export async function serveDemo(options: DemoFolderOptions, port: number, io: CliIo): Promise<number> {
  // First, so that a taken port leaves an earlier demo alone.
  const origin = await listen(port);
  try {
    const manifest = join(await prepareDemoFolder(options), 'manifest.jsonl');
    await writeFile(manifest, demoManifest(DEMO_HOSTS));
    const rows = DEMO_HOSTS.reduce((sum, host) => sum + host.rows, 0);
    io.stdout.write(`${manifest}: ${count(rows)} rows of ${DEMO_HOSTS.length} hosts, played here until Ctrl-C. In another terminal:

  flow-dc download ${manifest} -o ${join(manifest, '..', 'dataset')} --connect-to ${origin.connectTo}
`);
    if (!io.signal.aborted) await once(io.signal, 'abort');
    return EXIT.done;
  } finally {
    await origin.close();
  }
}

async function listen(port: number): Promise<DemoHosts> {
  try {
    return await startDemoHosts({
      port,
      rules: DEMO_HOSTS.map(({ name, behaviours }) => ({ host: name, behaviours })),
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `demo: port ${port} cannot be used (${code}); choose another one with --port`,
      { cause: error },
    );
  }
}
