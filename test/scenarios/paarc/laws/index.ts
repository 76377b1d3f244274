/** The laws that are compared on the same hosts: a name, and what makes a limit. Each of them is one file. */
import {
  defaultOriginalSettings,
  defaultPaarcSettings,
  OriginalLimit,
  PaarcLimit,
} from '../../../../src/paarc/index.ts';
import type { LimitFactory } from '../sim/run-scenario.ts';
import { AimdLaw } from './aimd.ts';
import { ArcLaw } from './arc.ts';
import { fixed } from './fixed.ts';
import { Gradient2Law } from './gradient2.ts';

export const paarc: LimitFactory = (random, startMs) => new PaarcLimit(defaultPaarcSettings, random, startMs);

export const LAWS: Readonly<Record<string, LimitFactory>> = {
  paarc,
  original: (_random, startMs) => new OriginalLimit(defaultOriginalSettings, startMs),
  'fixed 8': fixed(8),
  'fixed 64': fixed(64),
  'fixed 256': fixed(256),
  AIMD: () => new AimdLaw(),
  Gradient2: () => new Gradient2Law(),
  ARC: () => new ArcLaw(),
};
