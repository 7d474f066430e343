import { z } from 'zod';
import { bucketFaults } from './stage-buckets.ts';
import { type RulesDocument, readInitialRules } from './stage-rules.ts';
import { type StageSettings, stageSchema } from './stage-schema.ts';

export interface Stage extends StageSettings {
  readonly name: string;
  /** As they were written; in force until others are applied by command. */
  readonly rules: RulesDocument;
}

/** Settings that a person has to correct; the message lists every fault and says where to put it right. */
export class InvalidSettings extends Error {
  override name = 'InvalidSettings';
}

const contextSchema = z.object({
  defaults: z.record(z.string(), z.unknown()).default({}),
  stages: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/**
 * The settings of one stage: `context.tessera.defaults` of cdk.json with the stage's own on top.
 * A stage must be listed, so that a mistyped name does not deploy a second product.
 */
export function readStage(context: unknown, name: string): Stage {
  const parsed = contextSchema.safeParse(context);
  if (!parsed.success) {
    throw new InvalidSettings(
      'There are no stage settings. cdk.json must have "context": { "tessera": { "defaults": {…}, "stages": { "dev": {} } } }, ' +
        'and the stacks must be started by `npm run synth` or `npm run deploy -- <stage>`, which read it.',
    );
  }
  const { defaults, stages } = parsed.data;
  const own = stages[name];
  const known = Object.keys(stages).join(', ') || 'none';
  if (own === undefined) {
    throw new InvalidSettings(
      `There is no stage "${name}" (known: ${known}). Add "${name}": {} to context.tessera.stages in cdk.json, or name another.`,
    );
  }
  const given: Record<string, unknown> = { ...defaults, ...own };
  const settings = stageSchema.safeParse(given);
  const rules = readInitialRules(given);
  const faults = [
    ...nameFaults(name),
    ...(settings.success ? waitFaults(settings.data) : settings.error.issues.flatMap(faultsOf)),
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
    : [`the stage's name must be 1 to 20 small letters, digits and hyphens, a letter first; it is "${name}"`];

// Hosted Mosaic has no idempotency key: a start that is repeated while the first is still on its way is paid twice.
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

export function faultsOf(issue: z.core.$ZodIssue): string[] {
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const path = where.replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    const place = path === '' ? `; known are ${Object.keys(stageSchema.shape).join(', ')}` : ` of ${path}`;
    return issue.keys.map((key) => `${key} is not a setting${place}`);
  }
  return [`${path} ${issue.message}`];
}
