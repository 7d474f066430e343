import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { nameOf } from './commands.ts';
import { faultsOf } from './config.ts';
import { engineDefaults, pipelineDefaults } from './defaults.ts';
import { stageSchema } from './stage-schema.ts';

export type Settled = Required<typeof pipelineDefaults & typeof engineDefaults>;

/** What holds for a construct of ours: what it was given, on top of the defaults. Everything wrong is named at once. */
export function settled(
  construct: Construct,
  kind: string,
  given: { readonly name?: string },
  moreFaults: (all: Settled) => readonly string[] = () => [],
): Settled {
  const defaults: Record<string, unknown> = { ...pipelineDefaults, ...engineDefaults };
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  const all = { ...defaults, ...Object.fromEntries(own) };
  // What is only known at deploy cannot be looked at now.
  const known = Object.fromEntries(
    Object.entries(all).filter(([name, value]) => checked.has(name) && !Token.isUnresolved(value)),
  );
  const read = stageSchema.partial().safeParse(known);
  const faults = [
    ...nameFaults(given.name ?? nameOf(construct)),
    ...(read.success ? moreFaults(all as unknown as Settled) : read.error.issues.flatMap(faultsOf)),
  ];
  if (faults.length === 0) return all as unknown as Settled;
  throw new Error(
    `${kind} "${construct.node.path}" cannot be made with these props:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
}

/** It becomes part of a metric's namespace and of a secret's tags, for which AWS takes these alone. */
const nameFaults = (name: string): string[] =>
  Token.isUnresolved(name) || /^[\w ./-]{1,200}$/.test(name)
    ? []
    : [`name must be 1 to 200 letters from a to z, digits, spaces and . _ / -; it is "${name}"`];

const checked = new Set(Object.keys(stageSchema.shape));
