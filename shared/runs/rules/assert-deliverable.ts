import { InvalidInput, messageOf } from '../../errors.ts';
import type { Delivering } from '../run/rule-schemas.ts';
import { fillTemplate, type Variables } from './template.ts';

/** Variables of an output, known only once there are outputs. */
const ofOutput: Variables = { run: '', output: '', node: '', index: 1, attempt: 1, rule: '', agent: '' };

/** Throws if an object lacks a variable that its deliveries' keys or tags need. Called before anything is paid for. */
export function assertDeliverable({ key, tags = {}, metadata = {} }: Delivering, variables: Variables): void {
  const labels = [...Object.entries(tags), ...Object.entries(metadata)];
  for (const [name, template] of [...(key === undefined ? [] : [['key', key] as const]), ...labels])
    try {
      fillTemplate(template, { ...ofOutput, ...variables });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      throw new InvalidInput(`"deliver" cannot be followed (${name}): ${messageOf(error)}`);
    }
}
