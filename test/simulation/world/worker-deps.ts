import { createLog } from '../../../shared/log.ts';
import { storedRules } from '../../../shared/runs/rules/stored-rules.ts';
import { type SimulatedApi, storageHost } from '../api/mosaic.ts';
import { linkOpener } from '../api/open-link.ts';
import type { FaultKind } from '../faults.ts';
import type { Watch } from '../invariants/watch.ts';
import { invokedBucket, invokedBus, invokedQueue, invokedTable } from '../invoked-ports.ts';
import type { MemoryBucket } from '../ports/bucket.ts';
import type { MemoryQueue } from '../ports/queue.ts';
import type { Worker, Workshop } from '../worker.ts';
import type { Denials } from './denials.ts';
import type { Ground } from './ground.ts';
import type { Receivers } from './receivers.ts';
import { webhookSecret } from './reports.ts';
import type { Stores } from './stores.ts';

export const callbackUrl = 'https://pipeline.example';
const uncertainWaitSeconds = 600;
const runDeadlineSeconds = 4 * 3600;

/** What is not done to the pipeline but must be seen to come up, or nothing of it was tried. */
const worthSeeing: Readonly<Record<string, FaultKind>> = {
  'output.handed-over': 'copy-handed-over',
  'output.given-up': 'copy-given-up',
  'output.key-taken': 'copy-key-taken',
  'output.adopted': 'copy-adopted',
  'upload.reaped': 'parts-reaped',
  'outbox.woken': 'outbox-woken',
  'upload.denied': 'run-parked',
};

interface Given {
  readonly shop: Workshop;
  readonly watcher: Watch;
  readonly stores: Stores;
  readonly queues: Readonly<Record<'startQueue' | 'settleQueue' | 'copyQueue' | 'notifyQueue', () => MemoryQueue>>;
  readonly receivers: Receivers;
  readonly denials: Denials;
  readonly api: () => SimulatedApi;
}

/** What the doors are given, as one worker has it: every call of it takes time and may be its last. */
export function workerDepsOf(ground: Ground, { shop, watcher, stores, queues, receivers, denials, api }: Given) {
  const { scheduler, random, faults, workload, clock, newId } = ground;

  const log = createLog((line) => {
    for (const text of textsIn(line)) watcher.noSecretIn(`the log (${line.event})`, text);
    const { level, event, runId, reason, error } = line as Record<string, unknown>;
    const why = (error as { message?: string } | undefined)?.message ?? reason ?? '';
    scheduler.note(`  ${level} ${event} ${runId ?? ''} ${why}`);
    const seen = worthSeeing[line.event];
    if (seen !== undefined) faults.count(seen);
  });

  const world = { shop, faults, random };
  const bucketOf = (worker: Worker, memory: MemoryBucket) =>
    invokedBucket(world, worker, memory, (key) => denials.refusal(memory.name, key));

  return (worker: Worker) => {
    const runs = invokedTable(world, worker, stores.table);
    return {
      runs,
      uploads: bucketOf(worker, stores.uploads),
      deliveries: bucketOf(worker, stores.deliveries),
      payloads: bucketOf(worker, stores.payloads),
      startQueue: invokedQueue(world, worker, queues.startQueue()),
      settleQueue: invokedQueue(world, worker, queues.settleQueue()),
      copyQueue: invokedQueue(world, worker, queues.copyQueue()),
      notifyQueue: invokedQueue(world, worker, queues.notifyQueue()),
      bus: invokedBus(world, worker, stores.bus),
      signingSecrets: receivers.signingSecrets,
      postWebhook: receivers.postWebhookBy(worker),
      retentionDays: workload.retentionDays,
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
