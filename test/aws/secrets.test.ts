import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { Missing } from '../../shared/errors.ts';
import { secretsManager } from '../../shared/platform/aws/index.ts';
import { createSecret } from './resources.ts';

describe.skipIf(!process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER)('Secrets Manager on moto', () => {
  test('a secret is read by name, and kept for a while', async () => {
    const name = await createSecret('mk_first');
    const secrets = secretsManager();
    expect(await secrets(name)).toBe('mk_first');
    await new SecretsManagerClient().send(new PutSecretValueCommand({ SecretId: name, SecretString: 'mk_second' }));
    expect(await secrets(name)).toBe('mk_first');
    expect(await secretsManager()(name)).toBe('mk_second');
  });

  test('a secret that is not there is named, and asked for again the next time', async () => {
    const secrets = secretsManager();
    const name = `later-${Date.now()}`;
    await expect(secrets(name)).rejects.toThrow(Missing);
    await expect(secrets(name)).rejects.toThrow(name);
    await createSecret('mk_late', name);
    expect(await secrets(name)).toBe('mk_late');
  });
});
