import type { Stack } from '@aws-sdk/client-cloudformation';
import type { SecretListEntry } from '@aws-sdk/client-secrets-manager';
import { secretsManager } from '../../../shared/platform/aws/index.ts';
import { parseSigningSecrets } from '../../../shared/runs/notify/sign.ts';
import type { StageOutputs } from '../world/stage-outputs.ts';
import { bad, type Check, type Finding, good, note } from './finding.ts';

/** Whether the secrets hold what a person must put there; their values are looked at and never said. */
export function secretChecks(stage: string, stack: Stack, outputs: StageOutputs): readonly Check[] {
  const secrets = secretsManager();
  const isHosted = stack.Outputs?.some(({ OutputKey }) => OutputKey === 'NextStep') ?? false;
  const cure = `npm run secrets -- ${stage}`;
  return [
    {
      name: 'API key',
      look: async () =>
        /^mk_/.test(await secrets(outputs.MosaicApiKeySecret))
          ? good('API key', 'was set')
          : bad('API key', 'is still the random text of the deploy', cure),
    },
    // What our own engine signs with was made at the deploy, and is right.
    ...(isHosted ? [{ name: 'webhook secret', look: () => webhookSecret(stage, cure) }] : []),
    {
      name: 'signing secret',
      look: async () => signing(outputs, secrets),
      cure: 'put it right with aws secretsmanager put-secret-value',
    },
  ];
}

/** Its first value cannot be told from a real one, but when it was set can. */
async function webhookSecret(stage: string, cure: string): Promise<Finding> {
  const found = await taggedSecret(stage, 'webhook-secret');
  if (found === undefined)
    return note('webhook secret', 'is not among the secrets of this account that are tagged as ours');
  const { CreatedDate, LastChangedDate } = found;
  const isUnset = !CreatedDate || !LastChangedDate || LastChangedDate.getTime() - CreatedDate.getTime() < 2000;
  return isUnset
    ? bad('webhook secret', 'is still the random text of the deploy, so every webhook is refused', cure)
    : good('webhook secret', `was set on ${LastChangedDate.toISOString()}`);
}

async function taggedSecret(stage: string, role: string): Promise<SecretListEntry | undefined> {
  const { ListSecretsCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({});
  const tags = { 'tessera:stage': stage, 'tessera:secret': role };
  const isOurs = ({ Tags = [] }: SecretListEntry) =>
    Object.entries(tags).every(([key, value]) => Tags.some((tag) => tag.Key === key && tag.Value === value));
  let NextToken: string | undefined;
  do {
    const Filters = [{ Key: 'tag-key' as const, Values: Object.keys(tags) }];
    const page = await client.send(new ListSecretsCommand({ Filters, NextToken }));
    const found = page.SecretList?.find(isOurs);
    if (found !== undefined) return found;
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return undefined;
}

async function signing(
  { SigningSecret }: StageOutputs,
  secrets: (name: string) => Promise<string>,
): Promise<Finding[]> {
  if (SigningSecret === undefined) return [];
  const kept = parseSigningSecrets(await secrets(SigningSecret)).length;
  const how = `aws secretsmanager get-secret-value --secret-id ${SigningSecret} --query SecretString --output text`;
  return [good('signing secret', `${kept === 1 ? 'is' : `${kept} are`} there; to read it: ${how}`)];
}
