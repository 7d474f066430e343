import type { Mosaic } from '../../mosaic/mosaic.ts';
import { agentFaults } from './check-agents.ts';
import { overlapFaults, type Places } from './check-places.ts';
import type { RuleFault } from './fault.ts';
import { type LookedOver, lookOver } from './parse-rules.ts';
import { type Fault, placeOf, readJson } from './text-places.ts';

export type { Fault } from './text-places.ts';

export interface CheckOptions {
  readonly places: Places;
  /** Asked about agents and their nodes; without it they are taken on trust. */
  readonly mosaic?: Pick<Mosaic, 'getAgent'>;
}

/**
 * Everything that is wrong with a rule document, each with its place in the text; nothing when it can be applied.
 * Throws when the agents could not be asked for.
 */
export async function checkRules(text: string, { places, mosaic }: CheckOptions): Promise<readonly Fault[]> {
  const json = readJson(text);
  if ('faults' in json) return json.faults;
  const looked = lookOver(json.value);
  const faults = [...looked.faults, ...(await faultsOfWorld(looked, { places, mosaic }))];
  return ordered(faults.map((fault) => placeOf(json, fault)));
}

/** What the rules that can be read say of places and agents. */
async function faultsOfWorld(looked: LookedOver, { places, mosaic }: CheckOptions): Promise<readonly RuleFault[]> {
  const { document, faults, unread } = looked;
  if (document === undefined) return [];
  const overlaps = overlapFaults(document, places).filter(({ path: [, index] }) => !unread.has(Number(index)));
  try {
    return [...overlaps, ...(await agentFaults(document, mosaic))];
  } catch (error) {
    // What is known to be wrong is mended first, whether the agents can be asked for or not.
    if (faults.length + overlaps.length > 0) return overlaps;
    throw error;
  }
}

const ordered = (faults: readonly Fault[]): readonly Fault[] =>
  [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
