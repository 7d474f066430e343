import { randomBytes } from 'node:crypto';
import type { LocalPlatform } from '../../shared/platform/local/index.ts';
import type { Queue, Table } from '../../shared/platform/ports.ts';

// A kill of the program counts as a receive; only work that ends badly by itself should use them up.
const patient = { maxReceives: 1000 };
/** A receiver that is away is asked less and less often, so that these are days. */
const forReceivers = { maxReceives: 20 };

/** What each queue is called in the folder, and by people. */
export const queueNames = {
  startQueue: 'starts',
  settleQueue: 'settles',
  copyQueue: 'copies',
  notifyQueue: 'notices',
  workQueue: 'work',
  resultsQueue: 'results',
} as const;

/** The tables, buckets and queues of both halves, and which bucket tells which queue: what the stacks are in AWS. */
export function openStores(platform: LocalPlatform) {
  platform.notify('uploads', queueNames.startQueue);
  platform.notify('deliveries', queueNames.resultsQueue);
  return {
    runs: platform.table('runs'),
    engine: platform.table('engine'),
    /** What this program keeps for itself: secrets, its port, where results were put. */
    remembered: platform.table('local'),
    uploads: platform.bucket('uploads'),
    deliveries: platform.bucket('deliveries'),
    media: platform.bucket('media'),
    /** Webhooks' bodies that are too large for an item. */
    payloads: platform.bucket('payloads'),
    ...queuesOf(platform),
    bus: platform.bus(),
  };
}

const queuesOf = (platform: LocalPlatform) =>
  Object.fromEntries(
    Object.entries(queueNames).map(([store, name]) => [
      store,
      platform.queue(name, name === queueNames.notifyQueue ? forReceivers : patient),
    ]),
  ) as Record<keyof typeof queueNames, Queue>;

export type Stores = ReturnType<typeof openStores>;

/** Made at the first start and kept in the folder, which is the user's own. */
export async function ensureSecret(remembered: Table, name: SecretName): Promise<string> {
  const { prefix, encoding } = secretShapes[name];
  const value = `${prefix}${randomBytes(24).toString(encoding)}`;
  await remembered.write({ put: { ...secretKey(name), type: 'secret', value }, if: 'absent' });
  return String(await readSecret(remembered, name));
}

/** Undefined before the first start. */
export async function readSecret(remembered: Table, name: SecretName): Promise<string | undefined> {
  const item = await remembered.get(secretKey(name));
  return item && String(item.value);
}

const secretKey = (name: SecretName) => ({ pk: `SECRET#${name}`, sk: 'SECRET' });

const secretShapes = {
  'api-key': { prefix: 'mk_', encoding: 'base64url' },
  'webhook-secret': { prefix: 'whsk_', encoding: 'base64url' },
  // As the Standard Webhooks specification has it.
  'signing-secret': { prefix: 'whsec_', encoding: 'base64' },
} as const;
export type SecretName = keyof typeof secretShapes;
