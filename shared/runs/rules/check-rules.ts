import type { Mosaic } from '../../mosaic/client.ts';
import { agentFaults } from './check-agents.ts';
import { overlapFaults, type Places } from './check-places.ts';
import type { RuleDocument } from './document.ts';
import { readRules } from './parse-rules.ts';
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
  const read = readRules(json.value);
  if ('faults' in read) return ordered(read.faults.map((fault) => placeOf(json, fault)));
  const document = json.value as RuleDocument;
  const faults = [...overlapFaults(document, places), ...(await agentFaults(document, mosaic))];
  return ordered(faults.map((fault) => placeOf(json, fault)));
}

const ordered = (faults: readonly Fault[]): readonly Fault[] =>
  [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
