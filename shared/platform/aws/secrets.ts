import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { InvalidInput, Missing, PermanentError } from '../../errors.ts';
import type { Secrets } from '../ports.ts';
import { isAwsError } from './errors.ts';

const keptMs = 5 * 60_000;
/** While Secrets Manager throttles or fails, a value goes on being used for this long, and is asked for this often. */
const usedWhileFailingMs = 60 * 60_000;
const askAgainMs = 30_000;

interface Kept {
  readonly value: Promise<string>;
  readonly readMs: number;
  readonly untilMs: number;
}

export function openSecretsManager(): Secrets {
  const client = new SecretsManagerClient({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  const kept = new Map<string, Kept>();
  const keep = (name: string, one: Kept) => {
    kept.set(name, one);
    return one.value;
  };
  return (name) => {
    const known = kept.get(name);
    const now = Date.now();
    if (known && known.untilMs > now) return known.value;
    const value = fetchSecret(client, name).catch((error: unknown) => {
      // A failure is for those who wait for it now; the next one asks again.
      kept.delete(name);
      if (!known || error instanceof PermanentError || now - known.readMs > usedWhileFailingMs) throw error;
      return keep(name, { ...known, untilMs: now + askAgainMs });
    });
    return keep(name, { value, readMs: now, untilMs: now + keptMs });
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
