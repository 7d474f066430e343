// Loaded beforehand: loading takes turns of the event loop, and virtual time has none to give.
import 'mediabunny';
import { copyOutputHandler } from '../../functions/copy-output.ts';
import { reconcileHandler } from '../../functions/reconcile.ts';
import { settleHandler } from '../../functions/settle.ts';
import { startRunHandler } from '../../functions/start-run.ts';
import { webhookHandler } from '../../functions/webhook.ts';
import { createLog } from '../../shared/log.ts';
import { objectCreatedEvent } from '../../shared/platform/events.ts';
import { sha256 } from '../../shared/runs/ids.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import { isEnded, type Run, type RunStatus } from '../../shared/runs/run.ts';
import { agentRunKey, eventKey, laterPk, openPk, runFromItem, shards, waitingPk } from '../../shared/runs/run-items.ts';
import type { AgentRun } from './api/agent-run.ts';
import { simulatedApi, storageHost } from './api/mosaic.ts';
import { linkOpener } from './api/open-link.ts';
import { webhookBody } from './api/webhook-body.ts';
import { pump, type QueueDoor, webhookSender } from './doors.ts';
import { type FaultKind, faultsOf } from './faults.ts';
import { finalChecks } from './final-checks.ts';
import { secretMark, watch } from './invariants.ts';
import { invokedBucket, invokedQueue, invokedTable } from './invoked-ports.ts';
import { people } from './people.ts';
import { memoryBucket, type Version } from './ports/bucket.ts';
import { type MemoryQueue, memoryQueue } from './ports/queue.ts';
import { memoryTable } from './ports/table.ts';
import { randomOf } from './random.ts';
import { scheduler as schedulerOf } from './scheduler.ts';
import { type Worker, workshop } from './worker.ts';
import { workloadOf } from './workload.ts';

export interface SeedOutcome {
  readonly seed: number;
  readonly steps: number;
  readonly hours: number;
  /** The same for the same seed, always. */
  readonly hash: string;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly endings: ReadonlyMap<string, number>;
  readonly agentRuns: number;
  readonly violation?: { readonly rule: string; readonly facts: string };
  readonly trace: readonly string[];
}

const startMs = Date.parse('2026-03-01T22:30:00.000Z');
const webhookSecret = `whsk_${secretMark}`;
const callbackUrl = 'https://pipeline.example';
const uncertainWaitSeconds = 600;
const runDeadlineSeconds = 4 * 3600;
/** Reports, deadlines and giving up are over by then: after the week in which outputs can be fetched. */
const quietWithinMs = 12 * 24 * 3600_000;

/**
 * Lives through one seed: its uploads, its faults, the quiet after them; then looks whether every promise was kept.
 *
 * That it can fail is shown by planting a fault by hand and running seeds until one is caught. For example:
 * - claim-run.ts: put the claim without `if: 'absent'`                        → two paid runs, within a few seeds
 * - move-run.ts: write the run with `if: {}` instead of its revision          → a write that does not count, a few seeds
 * - move-run.ts: leave slots out of what a move gives back                    → a slot kept, a few seeds
 * - waiting-lines.ts: turn the order of the lines round                       → started out of order, tens of seeds
 * - reconcile-runs.ts: do not wake the start of waiting runs                  → a run waits for ever, tens of seeds
 * - settle-start.ts: take an uncertain start for one that never began         → two paid runs, hundreds of seeds
 * - settle-start.ts, after-refusal.ts: look at the run list too early         → two paid runs, about a thousand seeds
 */
export async function simulateSeed(seed: number, options: { keepTrace?: boolean } = {}): Promise<SeedOutcome> {
  const root = randomOf(seed);
  const random = root.fork();
  const faults = faultsOf(root.fork());
  const workload = workloadOf(root.fork(), faults);
  const scheduler = schedulerOf(root.fork(), startMs, () => shop.isBusy(), options.keepTrace);
  const shop = workshop(scheduler, root.fork(), faults);
  const clock = scheduler.now;
  const newId = () => random.text(24);
  const landed: Version[] = [];
  let violation: SeedOutcome['violation'];
  let actor: Worker | undefined;

  const violated = (rule: string, facts: string) => {
    scheduler.note(`VIOLATED: ${rule}: ${facts}`);
    violation ??= { rule, facts };
    scheduler.stop();
  };
  const watcher = watch({
    table: () => table,
    api: () => api,
    scheduler: () => scheduler,
    slots: workload.slots,
    ...(!workload.rulesChange && {
      maxStartsPerHour: workload.rules.maxRunsPerHour,
      maxSpentPerDay: workload.rules.budget?.perDay,
    }),
    violated,
  });
  const noSecretIn = (where: string) => (text: string) => watcher.noSecretIn(where, text);

  const table = memoryTable((changes) => watcher.tableChanged(changes, actor), noSecretIn('the table'));
  const uploads = memoryBucket('uploads', {
    ...{ clock, newId, linkMark: secretMark, stored: announce },
    restoring: ({ key, versionId }) =>
      scheduler.after(random.below(12 * 3600_000), () => {
        uploads.thaw(versionId);
        const detail = { bucket: { name: 'uploads' }, object: { key, 'version-id': versionId } };
        const time = new Date(clock()).toISOString();
        const body = { source: 'aws.s3', 'detail-type': 'Object Restore Completed', time, detail };
        scheduler.after(random.below(60_000), () => startQueue.send([{ body }]));
      }),
  });
  const deliveries = memoryBucket('deliveries', { clock, newId, stored: delivered });
  const payloads = memoryBucket('payloads', { clock, newId });
  const deadLetters: MemoryQueue[] = [];

  const queueWith = (door: QueueDoor): MemoryQueue => {
    const options = { clock, newId, seen: noSecretIn('a message') };
    const dead = memoryQueue(`${door.name}-dead`, options);
    deadLetters.push(dead);
    const queue: MemoryQueue = memoryQueue(`${door.name}s`, {
      ...options,
      deadLetters: dead,
      maxReceives: 5,
      choose: (count) => random.below(count),
      visibleAt: (ms) => pumped.visibleAt(ms),
    });
    const pumped = pump({ scheduler, random, faults, shop: watchedShop }, queue, door);
    return queue;
  };
  const watchedShop: typeof shop = {
    ...shop,
    invoke: (name, timeoutMs, body, ended, died) =>
      shop.invoke(
        name,
        timeoutMs,
        (worker) => {
          watcher.workerBorn(worker);
          return body(worker);
        },
        ended,
        died,
      ),
  };

  const startQueue = queueWith({
    ...{ name: 'start', batch: 10, atOnce: 5, timeoutSeconds: 300 },
    open: (worker) => startRunHandler(depsOf(worker)),
  });
  const settleQueue = queueWith({
    ...{ name: 'settle', batch: 1, atOnce: 5, timeoutSeconds: 150 },
    open: (worker) => settleHandler(depsOf(worker)),
  });
  const copyQueue = queueWith({
    ...{ name: 'copy', batch: 1, atOnce: 5, timeoutSeconds: 300 },
    open: (worker) => copyOutputHandler(depsOf(worker)),
  });

  const post = webhookSender(
    { scheduler, random, faults, shop: watchedShop },
    { open: (worker) => webhookHandler(depsOf(worker)), answered: checkAnswer },
  );
  const api = simulatedApi({
    ...{ scheduler, random: root.fork(), faults, shop, uploads, callbackUrl, linkMark: secretMark },
    limit: workload.apiLimit,
    honoursKey: workload.apiHonoursKey,
    send: (agentRun, flag) => report(agentRun, flag),
    onStartCall: (worker, _agentId, request) => watcher.startCalled(worker, request),
    onBegun: (agentRun) => watcher.agentRunBegun(agentRun),
  });

  function checkAnswer(runId: string, body: string, secret: string | undefined, status: number): void {
    if (status >= 300) return;
    if (secret !== webhookSecret) violated('only who knows the secret is heard', `${runId}: ${status}`);
    const digest = sha256(body);
    if (
      table.get(eventKey(runId, digest)) === undefined &&
      table.get({ pk: `UNKNOWN#${runId}`, sk: `EVENT#${digest}` }) === undefined
    )
      violated('a report is stored before it is answered', `${runId}: ${status}`);
  }

  function report(agentRun: AgentRun, flag: string): void {
    const runId = agentRun.ourRunId;
    if (runId === undefined) return;
    const body = webhookBody(agentRun, flag, secretMark);
    post(runId, body, webhookSecret);
    if (faults.happens('webhook-forged'))
      post(runId, webhookBody({ ...agentRun, status: 'completed' }, 'RUN_FINISHED', secretMark), 'guess');
    if (faults.happens('webhook-stranger')) post(random.text(24), body, webhookSecret);
    const other = random.pick([...api.runs.values()]);
    if (other !== agentRun && faults.happens('webhook-other-run'))
      post(
        runId,
        // An agent run that nobody has yet and that reports to a run's own address is that run's: the design rests on it.
        webhookBody(
          table.get(agentRunKey(other.id)) === undefined ? { ...other, id: 'ar-nobody' } : other,
          flag,
          secretMark,
        ),
        webhookSecret,
      );
  }

  function depsOf(worker: Worker) {
    const world = { shop: actingAs(worker), faults, random };
    const runs = invokedTable(world, worker, table);
    return {
      runs,
      uploads: invokedBucket(world, worker, uploads),
      deliveries: invokedBucket(world, worker, deliveries),
      payloads: invokedBucket(world, worker, payloads),
      startQueue: invokedQueue(world, worker, startQueue),
      settleQueue: invokedQueue(world, worker, settleQueue),
      copyQueue: invokedQueue(world, worker, copyQueue),
      mosaic: api.mosaicOf(worker),
      openLink: linkOpener({ api, scheduler, faults, random, shop }, worker),
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
  }

  /** So that who watches the table knows who writes. */
  function actingAs(worker: Worker): typeof shop {
    return {
      ...shop,
      call: (by, what, callOptions, perform) =>
        shop.call(by, what, callOptions, () => {
          actor = worker;
          try {
            return perform();
          } finally {
            actor = undefined;
          }
        }),
    };
  }

  const log = createLog((line) => {
    for (const text of textsIn(line)) watcher.noSecretIn(`the log (${line.event})`, text);
    const { level, event, runId, reason } = line as Record<string, unknown>;
    scheduler.note(`  ${level} ${event} ${runId ?? ''} ${reason ?? ''}`);
  });

  function announce(version: Version): void {
    const { key, versionId, etag, size, lastModified } = version.head;
    landed.push(version);
    const sequencer = landed.length.toString(16).padStart(16, '0');
    const body = objectCreatedEvent({
      ...{ bucket: 'uploads', key, versionId, etag, size, sequencer, time: lastModified.toISOString() },
    });
    const times = faults.happens('event-duplicated') ? random.between(2, 3) : 1;
    for (let time = 0; time < times; time += 1)
      scheduler.after(random.below(2_000) + (faults.happens('event-delayed') ? random.below(2 * 3600_000) : 0), () =>
        startQueue.send([{ body }]),
      );
  }

  const complete = new Set<string>();
  function delivered({ head }: Version): void {
    const runId = head.metadata['tessera-run-id'] ?? '';
    const item = table.get({ pk: `RUN#${runId}`, sk: 'RUN' });
    const run = item && runFromItem(item);
    const agentRun = run && 'agentRunId' in run ? api.runs.get(run.agentRunId ?? '') : undefined;
    if (agentRun?.status !== 'completed' && agentRun?.status !== 'partial_complete')
      violated('nothing is copied before its agent run is known to have ended well', `${head.key} of run ${runId}`);
    if (complete.has(runId)) violated('the manifest comes last', head.key);
    if (head.contentType === 'application/json') complete.add(runId);
  }

  for (const { atMs, key, bytes, metadata, archived } of workload.drops) {
    scheduler.after(atMs, () => {
      scheduler.note(`${key} is uploaded`);
      const stored = uploads.put(key, bytes, { contentType: 'video/mp4', metadata });
      if (archived && stored.outcome === 'stored') uploads.archive(stored.head.versionId);
    });
    if (faults.happens('upload-deleted')) scheduler.after(atMs + random.below(600_000), () => uploads.delete(key));
  }
  const crowd = people({
    ...{ scheduler, random: root.fork(), faults, shop: watchedShop, workload, depsOf },
    runs: () => runsNow(),
    agentRuns: () => api.runs.values(),
  });
  crowd.begin();
  scheduleStrangers();
  scheduleCredits();
  scheduleReconcile();

  function scheduleStrangers(): void {
    for (let count = 0; count < 3; count += 1)
      scheduler.after(random.below(workload.faultsForMs), () => {
        if (faults.happens('api-list-stranger')) api.stranger(random.pick(['agent-1', 'agent-2']));
      });
  }

  function scheduleCredits(): void {
    if (!random.chance(0.25)) return;
    const goneAtMs = random.below(workload.faultsForMs / 2);
    scheduler.after(goneAtMs, api.spendCredits);
    scheduler.after(goneAtMs + random.below(12 * 3600_000), refill);
  }

  /** Whoever pays the bill may say so to us, or let go on at Mosaic what had stopped there, or do nothing more. */
  function refill(): void {
    api.refillCredits();
    if (random.chance(0.3)) crowd.resumeAll();
    if (random.chance(0.5)) return;
    for (const agentRun of api.runs.values())
      if (agentRun.status === 'failed' && agentRun.needsCredits) api.resume(agentRun);
  }

  /** What nobody could find out about is left to a person, who ends it where it takes up room for nothing. */
  function lookAfter(): void {
    for (const agentRun of api.inFlight()) {
      const item = table.get({ pk: `RUN#${agentRun.ourRunId}`, sk: 'RUN' });
      if (item?.failure === 'unanswered') api.cancel(agentRun);
    }
    if (clock() < startMs + quietWithinMs) scheduler.after(3600_000, lookAfter);
  }

  function redrive(): void {
    deadLetters.forEach((dead, at) => {
      const moved = dead.moveTo(queues[at] as MemoryQueue);
      for (let count = 0; count < moved; count += 1) faults.count('dead-letter-redriven');
    });
  }

  function scheduleReconcile(): void {
    const late = faults.happens('reconcile-late') ? random.below(workload.reconcileMs * 3) : 0;
    scheduler.after(workload.reconcileMs + late, () => {
      scheduleReconcile();
      // A look that finds nothing does nothing, so it need not be made to happen.
      if (isSomethingDue())
        watchedShop.invoke(
          'reconcile',
          60_000,
          (worker) => reconcileHandler(depsOf(worker))(),
          () => {},
          () => {},
        );
    });
  }

  function isSomethingDue(): boolean {
    const to = new Date(clock()).toISOString();
    const count = (pk: string) => table.query({ pk, index: true, to, limit: 1 }).items.length;
    const isThere = (query: { pk: string; to?: string }) => table.query({ ...query, limit: 1 }).items.length > 0;
    return (
      shards.some((shard) => count(openPk(shard)) > 0) ||
      isThere({ pk: waitingPk }) ||
      // Those whose time has come join their line again.
      isThere({ pk: laterPk, to: `${to}\u{10FFFF}` })
    );
  }

  const runsNow = (): Run[] => [...table.all()].filter(({ type }) => type === 'run').map(runFromItem);
  const queues = [startQueue, settleQueue, copyQueue];
  const isQuiet = () =>
    shop.alive() === 0 && queues.every((queue) => queue.left().length === 0) && runsNow().every(isEnded);

  await scheduler.run(startMs + workload.faultsForMs);
  faults.stop();
  scheduler.note('faults stop');
  // Whoever is on duty finds the alarms: dead letters are sent once more, the bill is paid.
  redrive();
  const stoppedMs = clock();
  lookAfter();
  api.refillCredits();
  crowd.tidyUp();
  const settledAfterMs = 13 * 3600_000;
  await scheduler.run(stoppedMs + 2 * 3600_000);
  // Those that had failed often before may have come there since; from now on none may.
  redrive();
  while (violation === undefined && clock() < stoppedMs + quietWithinMs && !isQuiet())
    await scheduler.run(clock() + 600_000);
  // What is still on its way (a webhook that was held up, credits) changes nothing any more.
  if (violation === undefined) await scheduler.run(Math.max(clock() + 3600_000, stoppedMs + settledAfterMs));
  if (violation === undefined) finalChecks({ table, api, deliveries, queues, deadLetters, workload, landed, violated });

  return {
    seed,
    steps: scheduler.steps(),
    hours: (clock() - startMs) / 3600_000,
    hash: scheduler.trace.hash(),
    faults: faults.counts,
    endings: endingsOf(runsNow()),
    agentRuns: [...api.runs.values()].filter(({ ourRunId }) => ourRunId !== undefined).length,
    violation,
    trace: scheduler.trace.lines(),
  };
}

function endingsOf(runs: readonly Run[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const run of runs) {
    const name: RunStatus | string = run.status === 'failed' ? `failed: ${run.failure}` : run.status;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each);
}
