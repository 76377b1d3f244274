import { expect, it } from 'vitest';
import { hostTerms } from '../../../src/report/host-terms.ts';

it('of the hosts of a report, those are said of which a configuration or the owner says something', () => {
  const hosts = ['a.test', 'api.gbif.org', 'b.test'].map((host) => ({ host }));
  const jobs = [{ hosts: { 'a.*': { rate: 5, C_max: 2 } } }, { hosts: { '*': { no_key_of_ours: 1 } } }, {}];
  expect(hostTerms(hosts, jobs)).toEqual([
    { host: 'a.test', rule: 'at most 2 at once, 5 requests a second', asks: undefined },
    { host: 'api.gbif.org', rule: undefined, asks: expect.stringMatching(/^a single connection .*\(https:/) },
  ]);
});
