/** What happens here, as metrics of OpenTelemetry: through its API alone, so that nothing leaves without an SDK. */
import { VERSION } from '../version.ts';
import { subscribe } from './channels.ts';

/** Instruments and their units, by name. docs/metrics.md has the same table. */
export const INSTRUMENTS = {
  'flow_dc.rows': { description: 'Rows that have their outcome', unit: '{row}' },
  'flow_dc.body.size': { description: 'Bytes of bodies that were fetched', unit: 'By' },
  'flow_dc.request.duration': { description: 'Time from a request to the end of its reply', unit: 's' },
  'flow_dc.limit.transitions': { description: "Changes of hosts' limits", unit: '{transition}' },
  'flow_dc.units': { description: 'Units that were committed', unit: '{unit}' },
} as const;

/**
 * Tell OpenTelemetry what the stages of this process do, with bounded attributes: statuses and codes, never hosts or
 * URLs. What becomes of it is up to the SDK that the process has registered; without one it costs next to nothing.
 * @returns ends it
 */
export async function observeOpenTelemetry(): Promise<() => void> {
  const { metrics } = await import('@opentelemetry/api');
  const meter = metrics.getMeter('flow-dc', VERSION);
  const rows = meter.createCounter('flow_dc.rows', INSTRUMENTS['flow_dc.rows']);
  const bytes = meter.createCounter('flow_dc.body.size', INSTRUMENTS['flow_dc.body.size']);
  const durations = meter.createHistogram('flow_dc.request.duration', INSTRUMENTS['flow_dc.request.duration']);
  const transitions = meter.createCounter('flow_dc.limit.transitions', INSTRUMENTS['flow_dc.limit.transitions']);
  const units = meter.createCounter('flow_dc.units', INSTRUMENTS['flow_dc.units']);
  const ends = [
    subscribe('flow-dc:row', ({ status, code = '', bytes: size }) => {
      rows.add(1, { status, code });
      bytes.add(size);
    }),
    subscribe('flow-dc:attempt', ({ code = 'ok', serviceMs }) => durations.record(serviceMs / 1000, { code })),
    subscribe('flow-dc:limit', ({ transition }) => transitions.add(1, { to: transition.to })),
    subscribe('flow-dc:unit-committed', () => units.add(1)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
