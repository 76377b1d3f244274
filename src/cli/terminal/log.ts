/** The log of a run, JSON lines in a file: stages never log, the program turns their events into lines. */
import type { destination, Logger } from 'pino';
import type { RunSettings } from '../../config/types.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { visible } from '../../visible.ts';

export interface RunLog extends Pick<Logger, 'info'> {
  /** The last line of a run that an error ended. */
  failed(error: unknown): void;
  close(): Promise<void>;
}

/** Open `logFile` if there is one. URLs are never logged at info or above, since query strings may be signatures. */
export async function openLog({ logFile, logLevel }: Pick<RunSettings, 'logFile' | 'logLevel'>): Promise<RunLog> {
  if (logFile === undefined) return { info: () => {}, failed: () => {}, close: async () => {} };
  const { destination, pino } = await import('pino');
  const file = destination({ dest: logFile, mkdir: true, sync: false });
  const logger = pino({ level: logLevel, base: null }, { write: (line) => void file.write(loggedLine(line)) });
  const ends = [
    subscribe('flow-dc:unit-open', (event) => logger.debug(event, 'unit open')),
    subscribe('flow-dc:unit-committed', ({ record }) => logger.info(record, 'unit committed')),
    subscribe('flow-dc:limit', (event) => logger.debug(event, 'limit')),
    subscribe('flow-dc:network', (event) => logger.warn(event, 'network')),
    subscribe('flow-dc:shortage', (event) => logger.warn(event, 'shortage')),
    subscribe('flow-dc:waiting', (event) => logger.warn(event, 'waiting')),
    subscribe('flow-dc:server', (event) => logger.warn(event, 'server')),
    subscribe('flow-dc:attempt', (event) => logger.trace(event, 'attempt')),
  ];
  return {
    info: logger.info.bind(logger),
    failed(error) {
      const { code, message } = error as { code?: string; message: string };
      logger.error({ err: { code, message } }, 'failed');
    },
    close: () => closed(file, ends),
  };
}

/** Every decision about a host's limit as a JSON line: time, host, states, permits, rate, reason. */
export async function openTrace(path: string | undefined): Promise<Pick<RunLog, 'close'>> {
  if (path === undefined) return { close: async () => {} };
  const { destination } = await import('pino');
  const file = destination({ dest: path, mkdir: true, sync: false, append: false });
  const end = subscribe('flow-dc:limit', ({ host, atMs, transition }) => {
    file.write(loggedLine(JSON.stringify({ atMs: Math.round(atMs), host, ...transition })));
  });
  return { close: () => closed(file, [end]) };
}

/** Logs are read in terminals as well. */
function loggedLine(json: string): string {
  return `${visible(json.trimEnd())}\n`;
}

function closed(file: ReturnType<typeof destination>, ends: readonly (() => void)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const end of ends) end();
    file.once('close', resolve);
    file.once('error', reject);
    file.end();
  });
}
