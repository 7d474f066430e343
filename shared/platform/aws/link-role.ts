import type { STSClient } from '@aws-sdk/client-sts';
import { Denied } from '../../errors.ts';
import { statusOf } from './errors.ts';

export interface LinkCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration?: Date;
}

/** The most that AWS gives one role which assumes another. */
const sessionSeconds = 3600;

let client: STSClient | undefined;
const asking = new Map<string, Promise<LinkCredentials>>();

/** Fresh credentials: each second of their age would be one less of the link. Who asks while they come shares them. */
export function assumeRole(roleArn: string): Promise<LinkCredentials> {
  const credentials = asking.get(roleArn) ?? askForCredentials(roleArn).finally(() => asking.delete(roleArn));
  asking.set(roleArn, credentials);
  return credentials;
}

async function askForCredentials(roleArn: string): Promise<LinkCredentials> {
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts');
  client ??= new STSClient({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  // Not narrowed to one object: a session's policy takes no letters outside Latin-1, which a key may have, and its
  // credentials never leave this process. What the role may do is the bound.
  const command = new AssumeRoleCommand({
    RoleArn: roleArn,
    RoleSessionName: 'tessera-input-link',
    DurationSeconds: sessionSeconds,
  });
  const { Credentials: given } = await client.send(command).catch((error) => {
    if (statusOf(error) !== 403) throw error;
    throw new Denied(
      `AWS refuses to sign links with the role ${roleArn}. Check that it exists, that its trust policy names this function's role, and that this function's role has sts:AssumeRole on it.`,
      { cause: error },
    );
  });
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken)
    throw new Error(`AWS gave no credentials for the role ${roleArn}.`);
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}
