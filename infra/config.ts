import { z } from 'zod';
import { bucketFaults } from './stage-buckets.ts';
import { type RulesDocument, readInitialRules } from './stage-rules.ts';
import { type StageSettings, stageSchema } from './stage-schema.ts';

export interface Stage extends StageSettings {
  readonly name: string;
  /** As written in cdk.json. They apply until others are applied by command. */
  readonly rules: RulesDocument;
}

/** Settings that a person has to correct. The message lists every fault and where to correct it. */
export class InvalidSettings extends Error {
  override name = 'InvalidSettings';
}

const contextSchema = z.object({
  defaults: z.record(z.string(), z.unknown()).default({}),
  stages: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/**
 * The settings of one stage: those of the stage in cdk.json on top of `context.tessera.defaults`.
 * A stage must be listed, so that a mistyped name does not deploy a second product.
 */
export function readStage(context: unknown, name: string): Stage {
  const parsed = contextSchema.safeParse(context);
  if (!parsed.success) {
    throw new InvalidSettings(
      'There are no stage settings. cdk.json must have "context": { "tessera": { "defaults": {…}, "stages": { "dev": {} } } }, ' +
        'and `npm run synth` or `npm run deploy -- <stage>` must run in its folder.',
    );
  }
  const { defaults, stages } = parsed.data;
  const stageSettings = stages[name];
  const known = Object.keys(stages).join(', ') || 'none';
  if (stageSettings === undefined) {
    throw new InvalidSettings(
      `There is no stage "${name}" (known: ${known}). Add "${name}": {} to context.tessera.stages in cdk.json, or use another name.`,
    );
  }
  const given: Record<string, unknown> = { ...defaults, ...stageSettings };
  const settings = stageSchema.safeParse(given);
  const rules = readInitialRules(given);
  const faults = [
    ...nameFaults(name),
    ...(settings.success ? waitFaults(settings.data) : settings.error.issues.flatMap(describeIssue)),
    ...rules.faults,
    ...(settings.success ? bucketFaults(settings.data, rules.sound) : []),
  ];
  if (!settings.success || faults.length > 0) {
    throw new InvalidSettings(
      `Stage "${name}" cannot be deployed with these settings (cdk.json, context.tessera.stages.${name} or .defaults):\n` +
        faults.map((fault) => `  - ${fault}`).join('\n'),
    );
  }
  return Object.freeze({ name, ...settings.data, rules: rules.document });
}

// The name becomes part of stack names, which AWS limits to letters, digits and hyphens.
const nameFaults = (name: string): string[] =>
  /^[a-z][a-z0-9-]{0,19}$/.test(name)
    ? []
    : [
        `the stage's name must be 1 to 20 lower-case letters, digits and hyphens and begin with a letter; it is "${name}"`,
      ];

// Hosted Mosaic has no idempotency key: a start that is retried while the first is still in flight is paid for twice.
const leastHostedWaitSeconds = 600;

export const waitFaults = ({
  engine,
  uncertainWaitSeconds,
}: Pick<StageSettings, 'engine' | 'uncertainWaitSeconds'>): string[] =>
  engine === 'mosaic' && uncertainWaitSeconds < leastHostedWaitSeconds
    ? [
        `uncertainWaitSeconds must be at least ${leastHostedWaitSeconds} with "engine": "mosaic"; it is ${uncertainWaitSeconds}`,
      ]
    : [];

/** One sentence per fault. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const path = where.replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    const place = path === '' ? `; known are ${Object.keys(stageSchema.shape).join(', ')}` : ` of ${path}`;
    return issue.keys.map((key) => `${key} is not a setting${place}`);
  }
  return [`${path} ${issue.message}`];
}
