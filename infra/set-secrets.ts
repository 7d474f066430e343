import { pathToFileURL } from 'node:url';
import {
  ListSecretsCommand,
  PutSecretValueCommand,
  type SecretListEntry,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { readStage } from './config.ts';
import { readContext } from './read-context.ts';
import { readSecretValues, type SecretValues } from './read-secret-values.ts';
import { type SecretRole, secretTags } from './secret-tags.ts';

/** Sets the stage's secrets and returns which were set. All must exist before any is changed. */
export async function storeSecrets(
  stage: string,
  values: SecretValues,
  secretsManager: SecretsManagerClient = new SecretsManagerClient({}),
): Promise<readonly SecretRole[]> {
  const wanted = Object.entries(values) as [SecretRole, string][];
  const targets = await Promise.all(
    wanted.map(async ([role, value]) => ({ role, value, arn: await findSecret(secretsManager, stage, role) })),
  );
  for (const { arn, value } of targets) {
    await secretsManager.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value }));
  }
  return targets.map(({ role }) => role);
}

async function findSecret(secretsManager: SecretsManagerClient, stage: string, role: SecretRole): Promise<string> {
  const tags = secretTags(stage, role);
  const Filters = [
    { Key: 'tag-key' as const, Values: Object.keys(tags) },
    { Key: 'tag-value' as const, Values: Object.values(tags) },
  ];
  let NextToken: string | undefined;
  do {
    const page = await secretsManager.send(new ListSecretsCommand({ Filters, NextToken }));
    // The filters match prefixes and any of the tags, so check that the secret has exactly these tags.
    const found = page.SecretList?.find((secret) => hasTags(secret, tags));
    if (found?.ARN !== undefined) return found.ARN;
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  const region = await secretsManager.config.region();
  throw new Error(
    `Stage "${stage}" has no ${role} secret in ${region}. Deploy it first: npm run deploy -- ${stage}; ` +
      'or choose the account and region of its deployment (AWS_PROFILE, AWS_REGION).',
  );
}

const hasTags = (secret: SecretListEntry, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(([key, value]) => secret.Tags?.some((tag) => tag.Key === key && tag.Value === value));

/** `npm run secrets -- <stage>`: sets the stage's API key and webhook secret. An empty answer leaves one unchanged. */
async function main(stageName: string | undefined): Promise<void> {
  if (stageName === undefined) throw new Error('Say which stage: npm run secrets -- <stage>');
  const stage = readStage(await readContext('cdk.json'), stageName);
  if (stage.engine === 'self-hosted') {
    console.error(
      `Stage "${stage.name}" has its own engine, and the deploy generated its secrets: set them only to change them.`,
    );
  }
  const values = await readSecretValues(process.stdin, process.stderr, process.env);
  const stored = await storeSecrets(stage.name, values);
  console.log(
    stored.length === 0 ? 'Nothing was changed.' : `Set ${stored.join(' and ')}; in use within five minutes.`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv[2]).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
