import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { faultsOf } from './config.ts';
import { engineDefaults, pipelineDefaults } from './defaults.ts';
import { stageSchema } from './stage-schema.ts';

export type Settled = Required<typeof pipelineDefaults & typeof engineDefaults>;

/** What holds for a construct of ours: what it was given, on top of the defaults. Everything wrong is named at once. */
export function settled(
  construct: Construct,
  kind: string,
  given: object,
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
  const faults = read.success ? moreFaults(all as unknown as Settled) : read.error.issues.flatMap(faultsOf);
  if (faults.length === 0) return all as unknown as Settled;
  throw new Error(
    `${kind} "${construct.node.path}" cannot be made with these props:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
}

const checked = new Set(Object.keys(stageSchema.shape));
