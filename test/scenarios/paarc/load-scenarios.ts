import { readdirSync, readFileSync } from 'node:fs';
import { completeScenario, type Scenario } from './sim/scenario.ts';

const folder = new URL('./hosts/', import.meta.url);

/** Every scenario file, by name. */
export function loadScenarios(): Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => completeScenario(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))));
}
