/** What submit would publish, without publishing it. */
import { countUnits } from '../../cluster/cut-units.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { count, percent } from '../../format.ts';
import { openJobInput } from '../../run/job-input.ts';
import type { CliIo } from '../args/command.ts';
import { preflightLines } from '../terminal/preflight.ts';

/** What `submit` would publish: units, hosts, sizes, settings. Reads the whole manifest, writes nothing. */
export async function dryRunLines(config: ResolvedConfig, io: CliIo): Promise<string[]> {
  const input = await openJobInput({ ...config, sink: { ...config.sink, output: 'none:' } }, io.stdin);
  try {
    const head = await preflightLines(config, input.info);
    const { rows, units, largestUnitRows, hosts, busiest } = await countUnits(input, io.signal);
    const { servers, portNumber, listen } = config.cluster;
    const server = servers.length > 0 ? servers.join(', ') : `a nats-server of its own on ${listen}:${portNumber}`;
    const { law, enablePaarc, openUnits, retryBackoffMs, maxAttempts } = config.fetch;
    return [
      ...head,
      `units: ${count(units)} of ${units === 0 ? 0 : count(rows / units)} rows on average, ` +
        `${count(largestUnitRows)} at most; each becomes one shard`,
      `hosts: ${count(hosts)}${busiest.length === 0 ? '' : '; most rows:'}`,
      ...busiest.map(
        (host) =>
          `  ${count(host.rows).padStart(12)} rows (${percent(host.rows / rows)}) in ${count(host.units)} ` +
          `units  ${host.host}`,
      ),
      `settings: law ${enablePaarc ? law : 'fixed'}, C ${config.paarc.cInit} to ${config.paarc.cMax}, ` +
        `${openUnits} units at once per worker, ${maxAttempts} attempts per row from ${retryBackoffMs / 1000} s ` +
        'apart',
      `server: ${server}`,
      'dry run: nothing was published, fetched or written',
    ];
  } finally {
    await input.close();
  }
}
