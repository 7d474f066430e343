import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvalidInput, Missing } from '../../errors.ts';
import type { Secrets } from '../ports.ts';
import { isAwsError } from './errors.ts';

const keptMs = 5 * 60_000;

export function openSecretsManager(): Secrets {
  const client = new SecretsManagerClient({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  const kept = new Map<string, { value: Promise<string>; untilMs: number }>();
  return (name) => {
    const known = kept.get(name);
    if (known && known.untilMs > Date.now()) return known.value;
    const value = fetchSecret(client, name);
    kept.set(name, { value, untilMs: Date.now() + keptMs });
    // A failure is for those who wait for it now; the next one asks again.
    value.catch(() => kept.delete(name));
    return value;
  };
}

async function fetchSecret(client: SecretsManagerClient, name: string): Promise<string> {
  try {
    const { SecretString: value } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    if (value) return value;
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException'))
      throw new Missing(
        `There is no secret ${name} with a value in Secrets Manager. Create it, or set its value.`,
        {},
        { cause: error },
      );
    throw error;
  }
  throw new InvalidInput(`The secret ${name} has no text in it. Set its value as text.`);
}
