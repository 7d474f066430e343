import { randomBytes } from 'node:crypto';
import type { LocalPlatform } from '../../shared/platform/local/index.ts';
import type { Table } from '../../shared/platform/ports.ts';

// A kill of the program counts as a receive; only work that ends badly by itself should use them up.
const patient = { maxReceives: 1000 };

/** The tables, buckets and queues of both halves, and which bucket tells which queue: what the stacks are in AWS. */
export function openStores(platform: LocalPlatform) {
  platform.notify('uploads', 'starts');
  platform.notify('deliveries', 'results');
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
    startQueue: platform.queue('starts', patient),
    settleQueue: platform.queue('settles', patient),
    copyQueue: platform.queue('copies', patient),
    workQueue: platform.queue('work', patient),
    resultsQueue: platform.queue('results', patient),
  };
}

export type Stores = ReturnType<typeof openStores>;

/** Made at the first start and kept in the folder, which is the user's own. */
export async function ensureSecret(remembered: Table, name: string, prefix: string): Promise<string> {
  const key = { pk: `SECRET#${name}`, sk: 'SECRET' };
  const value = `${prefix}${randomBytes(24).toString('base64url')}`;
  await remembered.write({ put: { ...key, type: 'secret', value }, if: 'absent' });
  return String((await remembered.get(key))?.value);
}
