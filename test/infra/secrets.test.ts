import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSecretValues } from '../../infra/read-secret-values.ts';
import { storeSecrets } from '../../infra/set-secrets.ts';

const key = 'mk_0123456789abcdefghij';

describe('reading secret values', () => {
  const readFrom = (lines: string, environment: Record<string, string> = {}) => {
    const prompts = new PassThrough();
    return { values: readSecretValues(Readable.from([lines]), prompts, environment), prompts };
  };

  test('secrets are read one per line from a pipe', async () => {
    expect(await readFrom(`${key}\nwebhook-secret\n`).values).toEqual({
      'mosaic-api-key': key,
      'webhook-secret': 'webhook-secret',
    });
  });

  test('an empty line leaves its secret out', async () => {
    expect(await readFrom('\nwebhook-secret\n').values).toEqual({ 'webhook-secret': 'webhook-secret' });
    expect(await readFrom('').values).toEqual({});
  });

  test('secrets in the environment are used without asking', async () => {
    const { values, prompts } = readFrom('', { TESSERA_API_KEY: key });
    expect(await values).toEqual({ 'mosaic-api-key': key });
    expect(prompts.read()).toBeNull();
  });

  test('secrets typed on a terminal are not echoed', async () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const prompts = new PassThrough();
    const values = readSecretValues(terminal, prompts, {});
    terminal.end(`${key}\r`);
    expect(await values).toEqual({ 'mosaic-api-key': key });
    const shown = String(prompts.read());
    expect(shown).toContain('API key');
    expect(shown).not.toContain('mk_0');
  });

  test('an invalid API key is refused without repeating it', async () => {
    const refused = readFrom('sk-not-ours-at-all\n').values;
    await expect(refused).rejects.toThrow('Nothing was changed.');
    await expect(refused).rejects.not.toThrow('sk-not-ours');
  });
});

describe('storing secrets', () => {
  const ofStage = (stage: string, role: string) => ({
    ARN: `arn:aws:secretsmanager:eu-west-1:111111111111:secret:${stage}-${role}`,
    Tags: [
      { Key: 'tessera:stage', Value: stage },
      { Key: 'tessera:secret', Value: role },
    ],
  });
  let server: Server;
  let secrets: object[];
  let puts: { SecretId: string; SecretString: string }[];
  let client: SecretsManagerClient;

  // Speaks as much of Secrets Manager as the command asks for: the real client talks to it over HTTP. One secret per page.
  beforeEach(async () => {
    puts = [];
    server = createServer(async (request, response) => {
      const body = JSON.parse((await request.toArray()).join(''));
      const page = Number(body.NextToken ?? 0);
      const listed = {
        SecretList: secrets.slice(page, page + 1),
        NextToken: page + 1 < secrets.length ? String(page + 1) : undefined,
      };
      const isPut = request.headers['x-amz-target'] === 'secretsmanager.PutSecretValue';
      if (isPut) puts.push(body);
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify(isPut ? { ARN: body.SecretId } : listed));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new SecretsManagerClient({
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  });
  afterEach(() => {
    client.destroy();
    server.close();
  });

  test('a stage’s secrets are found by their tags, among those of other stages', async () => {
    secrets = [
      ofStage('prod-2', 'mosaic-api-key'),
      ofStage('prod', 'webhook-secret'),
      ofStage('prod', 'mosaic-api-key'),
    ];
    expect(await storeSecrets('prod', { 'mosaic-api-key': key }, client)).toEqual(['mosaic-api-key']);
    expect(puts).toMatchObject([{ SecretId: ofStage('prod', 'mosaic-api-key').ARN, SecretString: key }]);
  });

  test('no secret is changed when one is missing, and the error says what to do', async () => {
    secrets = [ofStage('prod', 'mosaic-api-key')];
    await expect(storeSecrets('prod', { 'mosaic-api-key': key, 'webhook-secret': 'x' }, client)).rejects.toThrow(
      'Stage "prod" has no webhook-secret secret in eu-west-1. Deploy it first: npm run deploy -- prod',
    );
    expect(puts).toEqual([]);
  });

  test('no secret is changed when none was given', async () => {
    expect(await storeSecrets('prod', {}, client)).toEqual([]);
  });
});
