import { copyOutputHandler } from '../../../functions/copy-output.ts';
import { notifyHandler } from '../../../functions/notify.ts';
import { reconcileHandler } from '../../../functions/reconcile.ts';
import { settleHandler } from '../../../functions/settle.ts';
import { startRunHandler } from '../../../functions/start-run.ts';
import { webhookHandler } from '../../../functions/webhook.ts';
import { isEnded, type Run } from '../../../shared/runs/run/run.ts';
import { simulatedApi } from '../api/mosaic.ts';
import type { QueueDoor } from '../doors.ts';
import { watch } from '../invariants/watch.ts';
import { secretMark } from '../invariants/watched.ts';
import { people } from '../people.ts';
import type { Worker } from '../worker.ts';
import { arrivalsOf } from './arrivals.ts';
import { denialsOf } from './denials.ts';
import { scheduleExpiry } from './expiring.ts';
import { groundOf } from './ground.ts';
import { onDuty } from './on-duty.ts';
import { type Hop, hopOf } from './queues.ts';
import { receiversOf } from './receivers.ts';
import { scheduleReconcile } from './reconciling.ts';
import { reportsOf } from './reports.ts';
import { storesOf } from './stores.ts';
import { strangersOf } from './strangers.ts';
import { watchedShop } from './watched-shop.ts';
import { callbackUrl, workerDepsOf } from './worker-deps.ts';

/** One world, ready to be lived in: everything in it and nothing yet under way. */
export function worldOf(seed: number, keepTrace?: boolean) {
  const ground = groundOf(seed, keepTrace);
  const { scheduler, faults, workload, violated } = ground;
  const watcher = watch({
    table: () => stores.table,
    api: () => api,
    scheduler: () => scheduler,
    deliveries: () => stores.deliveries,
    slots: workload.slots,
    ...(!workload.rulesChange && {
      maxStartsPerHour: workload.rules.maxRunsPerHour,
      maxSpentPerDay: workload.rules.budget?.perDay,
    }),
    violated,
  });
  const { shop, actor } = watchedShop(ground.shop, () => watcher);
  const arrivals = arrivalsOf(ground, () => start.queue);
  const strangers = strangersOf(ground, () => stores.deliveries);
  const stores = storesOf(ground, {
    ...{ watcher, actor, landed: arrivals.announce, restored: arrivals.restored, begun: strangers.besides },
  });

  const hop = (door: QueueDoor) => hopOf(ground, shop, (text) => watcher.noSecretIn('a message', text), door);
  const start: Hop = hop({
    ...{ name: 'start', batch: 10, atOnce: 5, timeoutSeconds: 300 },
    open: (worker) => startRunHandler(depsOf(worker)),
  });
  const settle: Hop = hop({
    ...{ name: 'settle', batch: 1, atOnce: 5, timeoutSeconds: 150 },
    open: (worker) => settleHandler(depsOf(worker)),
  });
  const copy: Hop = hop({
    ...{ name: 'copy', batch: 1, atOnce: 5, timeoutSeconds: 900 },
    open: (worker) => copyOutputHandler(depsOf(worker)),
  });
  const notify: Hop = hop({
    ...{ name: 'notify', batch: 5, atOnce: 3, timeoutSeconds: 60, maxReceives: 8 },
    open: (worker) => notifyHandler(depsOf(worker)),
  });
  const hops = [start, settle, copy, notify];
  const receivers = receiversOf(ground, shop, watcher);
  const denials = denialsOf(ground);

  const open = (worker: Worker) => webhookHandler(depsOf(worker));
  const report = reportsOf(ground, { shop, table: stores.table, api: () => api, open });
  const api = simulatedApi({
    ...{ scheduler, random: ground.fork(), faults, shop, uploads: stores.uploads, callbackUrl, linkMark: secretMark },
    limit: workload.apiLimit,
    honoursKey: workload.apiHonoursKey,
    send: report,
    onStartCall: (worker, _agentId, request) => watcher.startCalled(worker, request),
    onBegun: (agentRun) => watcher.agentRunBegun(agentRun),
  });
  const depsOf = workerDepsOf(ground, {
    ...{ shop, watcher, stores, receivers, denials, api: () => api },
    queues: {
      startQueue: () => start.queue,
      settleQueue: () => settle.queue,
      copyQueue: () => copy.queue,
      notifyQueue: () => notify.queue,
    },
  });

  const runs = (): readonly Run[] => [...watcher.runs().values()];
  const crowd = people({
    ...{ scheduler, random: ground.fork(), faults, shop, workload, depsOf, runs },
    agentRuns: () => api.runs.values(),
  });
  const duty = onDuty(ground, { api, table: stores.table, hops, resumeAll: crowd.resumeAll });
  const reconcile = () =>
    shop.invoke(
      'reconcile',
      60_000,
      (worker) => reconcileHandler(depsOf(worker))(),
      () => {},
      () => {},
    );

  return {
    ...{ ground, watcher, stores, hops, receivers, strangers, api, crowd, duty, runs },
    landed: arrivals.landed,
    announceAgain: arrivals.announceAgain,
    begin(): void {
      denials.begin();
      arrivals.begin(stores.uploads);
      crowd.begin();
      duty.begin();
      if (workload.retentionDays !== undefined) scheduleExpiry(ground, stores.table);
      scheduleReconcile(ground, stores.table, reconcile);
    },
    /** Those of strangers have none. */
    arePartsLeft: () =>
      stores.deliveries.listUploads().uploads.some((each) => stores.deliveries.listParts(each).length > 0),
    isQuiet: () =>
      ground.shop.alive() === 0 && hops.every(({ queue }) => queue.left().length === 0) && runs().every(isEnded),
  };
}

export type World = ReturnType<typeof worldOf>;
