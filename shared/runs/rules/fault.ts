import type { PlacedFault } from './wording.ts';

export type RuleFault = PlacedFault;
