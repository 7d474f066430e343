import type { Mosaic } from '../../mosaic/mosaic.ts';
import { agentFaults } from './check-agents.ts';
import { overlapFaults, type Places } from './check-places.ts';
import type { RuleFault } from './fault.ts';
import { type LookedOver, lookOver } from './parse-rules.ts';
import { type Fault, placeOf, readJson } from './text-places.ts';

export type { Fault } from './text-places.ts';

export interface CheckOptions {
  readonly places: Places;
  /** Checks agents and their nodes; without it they are not checked. */
  readonly mosaic?: Pick<Mosaic, 'getAgent'>;
}

/**
 * Finds every fault of a rule document with its place in the text; an empty list means it can be applied. Throws if the
 * agents could not be checked.
 */
export async function checkRules(text: string, { places, mosaic }: CheckOptions): Promise<readonly Fault[]> {
  const json = readJson(text);
  if ('faults' in json) return json.faults;
  const looked = lookOver(json.value);
  const faults = [...looked.faults, ...(await faultsOfWorld(looked, { places, mosaic }))];
  return ordered(faults.map((fault) => placeOf(json, fault)));
}

/** Checks the places and agents of the readable rules. */
async function faultsOfWorld(looked: LookedOver, { places, mosaic }: CheckOptions): Promise<readonly RuleFault[]> {
  const { document, faults, unread } = looked;
  if (document === undefined) return [];
  const overlaps = overlapFaults(document, places).filter(({ path: [, index] }) => !unread.has(Number(index)));
  try {
    return [...overlaps, ...(await agentFaults(document, mosaic))];
  } catch (error) {
    // Known faults are reported even if the agents cannot be checked.
    if (faults.length + overlaps.length > 0) return overlaps;
    throw error;
  }
}

const ordered = (faults: readonly Fault[]): readonly Fault[] =>
  [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
