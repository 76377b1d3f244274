/** What people are told of rules for single hosts: which there are, when one acts, when a quota is used up. */
import { systemClock } from '../../clock.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { byteSize, counted, duration } from '../../format.ts';
import { HOST_PRESETS } from '../../network/host-presets.ts';
import type { KnownRule } from '../../network/host-rules.ts';
import { ruleWords } from '../../network/rule-words.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { visible } from '../../visible.ts';

type Who = Pick<ResolvedConfig['fetch'], 'contact' | 'userAgent'>;

/** Hosts whose rules are said one by one; of more, nobody reads them. */
const MAX_SAID = 20;

/** The line of what a run is about to do. */
export function hostsLine({ fetch }: ResolvedConfig): string[] {
  const own = Object.keys(fetch.hosts).length;
  const rules = own === 0 ? [] : [`${counted(own, 'rule')} of the configuration`];
  const presets = fetch.hostPresets
    ? [`the limits that ${HOST_PRESETS.length} known services publish are kept (docs/hosts.md; --no-host-presets)`]
    : [];
  return rules.length + presets.length === 0 ? [] : [`hosts: ${[...rules, ...presets].join('; ')}`];
}

/** `14:05 UTC`. */
export function clockTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(11, 16)} UTC`;
}

/**
 * Say what holds for a host when it is first asked, and when it has given what it may.
 * @param who - what the run says of itself, for who can change it
 * @returns how to stop
 */
export function noteHosts(say: (line: string) => void, who?: Who): () => void {
  const said = new Set<string>();
  const isNamed = who === undefined || (who.contact ?? who.userAgent) !== undefined;
  const ends = [
    subscribe('flow-dc:host-rule', ({ host, rule }) => {
      if (said.has(host) || said.size >= MAX_SAID) return;
      said.add(host);
      const { preset, ...own } = rule as KnownRule;
      const asks = preset === undefined ? '' : `; it asks for ${preset.asks} (${preset.source})`;
      say(`${visible(host)}: ${ruleWords(own)}${asks}`);
      if (preset?.wantsContact === true && !isNamed)
        say(`warning: ${visible(host)} may refuse who cannot be reached: give --contact MAIL`);
    }),
    subscribe('flow-dc:quota', ({ host, period, bytes, resumesAtMs }) => {
      const waits = `its rows wait until ${clockTime(resumesAtMs)} (${duration(resumesAtMs - systemClock.wallMs())})`;
      say(`${visible(host)} has given the ${byteSize(bytes)} of its ${period}: ${waits}; none fails for it`);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
