import { createLog } from '../../../shared/log.ts';
import { storedRules } from '../../../shared/runs/rules/stored-rules.ts';
import { type SimulatedApi, storageHost } from '../api/mosaic.ts';
import { linkOpener } from '../api/open-link.ts';
import type { Watch } from '../invariants/watch.ts';
import { invokedBucket, invokedQueue, invokedTable } from '../invoked-ports.ts';
import type { MemoryQueue } from '../ports/queue.ts';
import type { Worker, Workshop } from '../worker.ts';
import type { Ground } from './ground.ts';
import { webhookSecret } from './reports.ts';
import type { Stores } from './stores.ts';

export const callbackUrl = 'https://pipeline.example';
const uncertainWaitSeconds = 600;
const runDeadlineSeconds = 4 * 3600;

interface Given {
  readonly shop: Workshop;
  readonly watcher: Watch;
  readonly stores: Stores;
  readonly queues: Readonly<Record<'startQueue' | 'settleQueue' | 'copyQueue', () => MemoryQueue>>;
  readonly api: () => SimulatedApi;
}

/** What the doors are given, as one worker has it: every call of it takes time and may be its last. */
export function workerDepsOf(ground: Ground, { shop, watcher, stores, queues, api }: Given) {
  const { scheduler, random, faults, workload, clock, newId } = ground;

  const log = createLog((line) => {
    for (const text of textsIn(line)) watcher.noSecretIn(`the log (${line.event})`, text);
    const { level, event, runId, reason } = line as Record<string, unknown>;
    scheduler.note(`  ${level} ${event} ${runId ?? ''} ${reason ?? ''}`);
  });

  return (worker: Worker) => {
    const world = { shop, faults, random };
    const runs = invokedTable(world, worker, stores.table);
    return {
      runs,
      uploads: invokedBucket(world, worker, stores.uploads),
      deliveries: invokedBucket(world, worker, stores.deliveries),
      payloads: invokedBucket(world, worker, stores.payloads),
      startQueue: invokedQueue(world, worker, queues.startQueue()),
      settleQueue: invokedQueue(world, worker, queues.settleQueue()),
      copyQueue: invokedQueue(world, worker, queues.copyQueue()),
      mosaic: api().mosaicOf(worker),
      openLink: linkOpener({ api: api(), scheduler, faults, random, shop }, worker),
      clock,
      newId,
      log,
      rules: storedRules({ runs, clock }, workload.rules),
      webhookSecret: async () => webhookSecret,
      callbackUrl,
      trustedHosts: [storageHost],
      slots: workload.slots,
      uploadLinkSeconds: 3600,
      uncertainWaitSeconds,
      runDeadlineSeconds,
    };
  };
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each);
}
