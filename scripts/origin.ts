/** The demo hosts alone, for trials by hand. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Rule } from '../src/demo-hosts/behaviour.ts';
import { startDemoHosts } from '../src/demo-hosts/start-demo-hosts.ts';
import { createTestCa } from '../test/support/test-ca.ts';

const USAGE = `Play the web on the loopback interface, for trials with real manifests.

  npx tsx scripts/origin.ts [--port N] [--seed N] [--mean-bytes N] [--rules FILE] [--ca-out FILE]

  --rules FILE   JSON list of {"host": "*.example.org", "path": "*", "behaviours": [{"kind": "latency", "meanMs": 50}]}
                 (src/demo-hosts/behaviour.ts has every kind)
  --ca-out FILE  also serve https, with a throw-away authority written to FILE

Then: flow-dc download MANIFEST -o OUT --connect-to ::127.0.0.1:PORT [--ca-file FILE]
Ctrl-C prints what each host saw and ends.
`;

/** How many hosts the closing account names, busiest first. */
const HOSTS_SHOWN = 50;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    'mean-bytes': { type: 'string', default: '20000' },
    rules: { type: 'string' },
    'ca-out': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  await serve();
}

async function serve(): Promise<void> {
  const rules: Rule[] = values.rules === undefined ? [] : JSON.parse(await readFile(values.rules, 'utf8'));
  const caFile = values['ca-out'];
  const ca = caFile === undefined ? undefined : createTestCa();
  if (caFile !== undefined && ca !== undefined) await writeFile(caFile, ca.caPem);
  const hosts = await startDemoHosts({
    port: Number(values.port),
    seed: Number(values.seed),
    meanBytes: Number(values['mean-bytes']),
    rules,
    tls: ca?.tls,
  });
  process.stdout.write(`--connect-to ${hosts.connectTo}${caFile === undefined ? '' : ` --ca-file ${caFile}`}\n`);
  process.once('SIGINT', () => {
    const busiest = [...hosts.stats()].sort(([, a], [, b]) => b.requests - a.requests).slice(0, HOSTS_SHOWN);
    for (const [host, { requests, byStatus, maxInFlight }] of busiest) {
      process.stdout.write(
        `${host}: ${requests} requests, at most ${maxInFlight} at a time, ${JSON.stringify(byStatus)}\n`,
      );
    }
    void hosts.close();
  });
}
