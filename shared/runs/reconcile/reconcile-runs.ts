import { afterPrefix } from '../../platform/key-range.ts';
import type { Bucket, Item, Key, Queue } from '../../platform/ports.ts';
import { wakeOutbox } from '../notify/wake-outbox.ts';
import type { RunDeps } from '../run/deps.ts';
import { wakeSettle, wakeStartWaiting } from '../run/messages.ts';
import { laterPk, openPk, reconciledKey, shards, waitingPk } from '../run/run-items.ts';
import { measureOpenRuns } from './measure-open-runs.ts';
import { reapUploads } from './reap-uploads.ts';

export interface ReconcileDeps extends RunDeps {
  readonly settleQueue: Queue;
  readonly startQueue: Queue;
  /** Where parts of copies that nobody will finish are thrown away; without it they stay. */
  readonly deliveries?: Bucket;
  /** How far its passes are apart; default: five minutes. */
  readonly periodSeconds?: number;
}

/** The most that one pass wakes of each shard; the next pass goes on behind them, so that none is passed over. */
export const atOnce = 250;

/** Wakes the queues for runs that went quiet: a lost message or webhook costs time, never a run. */
export async function reconcileRuns(deps: ReconcileDeps): Promise<{ woken: number; waiting: boolean }> {
  const { deliveries } = deps;
  // Before they are woken: what is due for long is what waking did not help.
  await measureOpenRuns(deps);
  let woken = 0;
  for (const shard of shards) woken += await wakeDue(deps, shard);
  if (woken > 0) deps.log.info('runs.woken', { quiet: woken });
  const waiting = await somebodyWaits(deps);
  if (waiting) await wakeStartWaiting(deps.startQueue);
  await wakeOutbox(deps);
  // Last, because it only saves money: its failure must not keep runs waiting.
  if (deliveries !== undefined) await reapUploads({ ...deps, deliveries });
  return { woken, waiting };
}

/** Ids only, so that a run which this version cannot read keeps no other from being woken. */
async function wakeDue(deps: ReconcileDeps, shard: string): Promise<number> {
  const place = reconciledKey(shard);
  const before = await deps.runs.get(place);
  const page = await duePage(deps, shard, before?.cursor === undefined ? undefined : String(before.cursor));
  const runIds = page.items.map(({ id }) => String(id));
  if (runIds.length > 0) await wakeSettle(deps.settleQueue, runIds);
  // First the messages, then the cursor: after a crash between the two the same runs are woken again.
  if (page.next !== before?.cursor) await remember(deps, place, page.next);
  return runIds.length;
}

async function duePage({ runs, clock }: ReconcileDeps, shard: string, cursor: string | undefined) {
  const due = { pk: openPk(shard), index: true, to: new Date(clock()).toISOString(), limit: atOnce };
  const page = await runs.query({ ...due, cursor });
  return page.items.length > 0 || cursor === undefined ? page : runs.query(due);
}

/** Only tells where to go on: two at once that write over one another wake some twice. */
async function remember({ runs }: ReconcileDeps, key: Key, cursor: string | undefined): Promise<void> {
  const put: Item = { ...key, type: 'reconciled', cursor };
  await runs.write(cursor === undefined ? { delete: key } : { put });
}

async function somebodyWaits({ runs, clock }: ReconcileDeps): Promise<boolean> {
  const inLine = await runs.query({ pk: waitingPk, limit: 1 });
  if (inLine.items.length > 0) return true;
  const to = afterPrefix(new Date(clock()).toISOString());
  return (await runs.query({ pk: laterPk, to, limit: 1 })).items.length > 0;
}
