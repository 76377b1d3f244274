/** undici's client by itself. All of undici takes 50 ms of processor time more to load, for what is of no use here. */
import { createRequire } from 'node:module';
import type { Client } from 'undici';

export const UndiciClient = createRequire(import.meta.url)('undici/lib/dispatcher/client.js') as typeof Client;
