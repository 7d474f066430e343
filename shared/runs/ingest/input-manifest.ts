import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import { keyWords, mayBeKey } from '../run/control-files.ts';
import { should } from '../run/field-schemas.ts';
import type { InputObject } from '../run/run.ts';
import { dataSchema, paramsSchema, parseAsked, prioritySchema, type Settings } from './settings-schema.ts';

export const maxManifestBytes = 64 * 1024;
const mostInputs = 50;

const oneInput = should('a key, or an object of "key", "versionId" and "node"');
const someInputs = should(`a list of 1 to ${mostInputs} keys`);
const named = z.string(oneInput).min(1, oneInput);

const manifestSchema = z.strictObject(
  {
    inputs: z
      .array(
        z.union([named, z.strictObject({ key: named, versionId: named.optional(), node: named.optional() })], oneInput),
        someInputs,
      )
      .min(1, someInputs)
      .max(mostInputs, someInputs),
    updateParams: paramsSchema.optional(),
    priority: prioritySchema.optional(),
    data: dataSchema.optional(),
  },
  should('an object such as { "inputs": ["a.mp4", "b.mp4"] }'),
);

const remedy = 'Mend it and upload the manifest again.';

type Named = { readonly key: string; readonly versionId?: string; readonly node?: string };

export interface Manifest {
  readonly inputs: readonly InputObject[];
  readonly settings: Settings;
}

/** Reads `<name>.run.json`: its inputs are named from its own folder, or with a leading `/` from the bucket's root. */
export function parseManifest(manifestKey: string, text: string): Manifest {
  const { inputs, ...settings } = parseAsked(manifestSchema, text, `The manifest ${manifestKey}`, remedy);
  const nodes = inputs.filter((input) => typeof input !== 'string' && input.node !== undefined).length;
  if (nodes > 0 && nodes < inputs.length)
    throw new InvalidInput(
      `The manifest ${manifestKey} cannot be used: inputs: ${nodes} of ${inputs.length} name a "node". Name one for each, or for none.`,
    );
  const folder = manifestKey.slice(0, manifestKey.lastIndexOf('/') + 1);
  return {
    settings,
    inputs: inputs.map((input, index) => {
      const { key, versionId, node }: Named = typeof input === 'string' ? { key: input } : input;
      return {
        key: keyOf(folder, key, `The manifest ${manifestKey} cannot be used: inputs.${index}`),
        ...(versionId !== undefined && { versionId }),
        ...(node !== undefined && { nodeId: node }),
      };
    }),
  };
}

function keyOf(folder: string, named: string, where: string): string {
  if (named.split('/').some((part) => part === '.' || part === '..'))
    throw new InvalidInput(
      `${where}: "${named}" has a step like "..", which keys do not know. Begin with "/" for the bucket's root.`,
    );
  const key = named.startsWith('/') ? named.slice(1) : `${folder}${named}`;
  if (!mayBeKey(key)) throw new InvalidInput(`${where}: "${named.slice(0, 100)}" makes no key; one has ${keyWords}.`);
  return key;
}
