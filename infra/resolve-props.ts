import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { qualifiedName } from './commands.ts';
import { describeIssue } from './config.ts';
import { engineDefaults, pipelineDefaults } from './defaults.ts';
import { stageSchema } from './stage-schema.ts';

export type ResolvedProps = Required<typeof pipelineDefaults & typeof engineDefaults>;

/** Puts the given props on top of the defaults. Throws one error that lists every fault. */
export function resolveProps(
  construct: Construct,
  kind: string,
  given: { readonly name?: string },
  moreFaults: (all: ResolvedProps) => readonly string[] = () => [],
): ResolvedProps {
  const defaults: Record<string, unknown> = { ...pipelineDefaults, ...engineDefaults };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const all = { ...defaults, ...Object.fromEntries(set) };
  // Values that are only known at deploy time cannot be checked.
  const known = Object.fromEntries(
    Object.entries(all).filter(([name, value]) => checked.has(name) && !Token.isUnresolved(value)),
  );
  const read = stageSchema.partial().safeParse(known);
  const faults = [
    ...nameFaults(given.name ?? qualifiedName(construct)),
    ...(read.success ? moreFaults(all as unknown as ResolvedProps) : read.error.issues.flatMap(describeIssue)),
  ];
  if (faults.length === 0) return all as unknown as ResolvedProps;
  throw new Error(
    `${kind} "${construct.node.path}" cannot be created with these props:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
}

/** The name becomes part of a metric namespace and of secret tags; AWS allows only these characters there. */
const nameFaults = (name: string): string[] =>
  Token.isUnresolved(name) || /^[\w ./-]{1,200}$/.test(name)
    ? []
    : [`name must be 1 to 200 letters from a to z, digits, spaces and . _ / -; it is "${name}"`];

const checked = new Set(Object.keys(stageSchema.shape));
