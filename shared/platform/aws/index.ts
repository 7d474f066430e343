import type { Bucket, EventBus, Queue, Secrets, Table } from '../ports.ts';
import type { S3BucketOptions } from './s3-place.ts';

/**
 * The AWS world. The SDK is imported when something is first asked of it and never before, so that the local world
 * does not load it; each service has one client per process, and the SDK's own variables choose region and endpoints.
 */
export function dynamoTable(tableName: string): Table {
  const table = once(async () => (await import('./dynamo-table.ts')).openDynamoTable(tableName));
  return {
    get: async (key) => (await table()).get(key),
    write: async (...writes) => (await table()).write(...writes),
    query: async (query) => (await table()).query(query),
  };
}

/**
 * Links are signed with this process's credentials and die with them, whenever that is; with `linkRoleArn`, with
 * credentials of that role taken for the purpose, so that they live for an hour from now.
 */
export function s3Bucket(bucketName: string, options?: S3BucketOptions): Bucket {
  const bucket = once(async () => (await import('./s3-bucket.ts')).openS3Bucket(bucketName, options));
  return {
    name: bucketName,
    head: async (...args) => (await bucket()).head(...args),
    read: async (...args) => (await bucket()).read(...args),
    put: async (...args) => (await bucket()).put(...args),
    link: async (...args) => (await bucket()).link(...args),
    list: async (...args) => (await bucket()).list(...args),
    restore: async (...args) => (await bucket()).restore(...args),
    startUpload: async (...args) => (await bucket()).startUpload(...args),
    putPart: async (...args) => (await bucket()).putPart(...args),
    listParts: async (...args) => (await bucket()).listParts(...args),
    publish: async (...args) => (await bucket()).publish(...args),
    abandon: async (...args) => (await bucket()).abandon(...args),
    listUploads: async (options) => (await bucket()).listUploads(options),
  };
}

export function sqsQueue(queueUrl: string): Queue {
  const queue = once(async () => (await import('./sqs-queue.ts')).openSqsQueue(queueUrl));
  return {
    send: async (...messages) => (await queue()).send(...messages),
    receive: async (options) => (await queue()).receive(options),
    extend: async (receipt, seconds) => (await queue()).extend(receipt, seconds),
    done: async (receipt) => (await queue()).done(receipt),
    count: async () => (await queue()).count(),
  };
}

/** Takes its events under the source `tessera`. */
export function eventBridgeBus(busName: string): EventBus {
  const bus = once(async () => (await import('./event-bridge-bus.ts')).openEventBridgeBus(busName));
  return { put: async (...events) => (await bus()).put(...events) };
}

/** Secrets by name or ARN, each kept for five minutes. */
export function secretsManager(): Secrets {
  const secrets = once(async () => (await import('./secrets.ts')).openSecretsManager());
  return async (name) => (await secrets())(name);
}

/** A failed attempt is not kept: the next call tries again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}
