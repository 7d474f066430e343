import { isoAfter } from '../../platform/iso-time.ts';
import type { Item, Queue } from '../../platform/ports.ts';
import { outboxBackoff } from '../../retry.ts';
import type { RunDeps } from '../run/deps.ts';
import type { NotifyMessage } from '../run/messages.ts';
import { wakeNotify } from '../run/messages.ts';
import { outboxPk, reconciledKey, shards } from '../run/run-items.ts';

/** The most that one pass wakes of each shard; the next pass goes on behind them. */
export const atOnce = 250;

/** For reconcile: wakes notify for unsent events whose message was lost or out of tries. */
export async function wakeOutbox(deps: RunDeps): Promise<{ woken: number }> {
  if (deps.notifyQueue === undefined) return { woken: 0 };
  let woken = 0;
  for (const shard of shards) woken += await wakeShard(deps, deps.notifyQueue, shard);
  if (woken > 0) deps.log.info('outbox.woken', { woken });
  return { woken };
}

async function wakeShard(deps: RunDeps, notifyQueue: Queue, shard: string): Promise<number> {
  const { runs, clock } = deps;
  const place = reconciledKey(`OUTBOX#${shard}`);
  const before = await runs.get(place);
  const cursor = before?.cursor === undefined ? undefined : String(before.cursor);
  const page = await runs.query({ pk: outboxPk(shard), limit: atOnce, cursor });
  const now = new Date(clock()).toISOString();
  const due = page.items.filter(({ wakeAfter }) => String(wakeAfter) <= now);
  if (due.length > 0) await wakeNotify(notifyQueue, ...due.map(messageOf));
  for (const item of due) await putOff(deps, item);
  if (page.next !== before?.cursor)
    await runs.write(
      page.next === undefined ? { delete: place } : { put: { ...place, type: 'reconciled', cursor: page.next } },
    );
  return due.length;
}

const messageOf = ({ runId, revision }: Item): NotifyMessage => ({ runId: String(runId), revision: Number(revision) });

/** Its message has its own retries. Waking it at every pass would fill the dead letters with the same message. */
async function putOff({ runs, clock }: RunDeps, { pk, sk, wakeAfter, wakes }: Item): Promise<void> {
  const times = Number(wakes ?? 0);
  await runs.write({
    update: { pk, sk },
    set: { wakes: times + 1, wakeAfter: isoAfter(clock(), outboxBackoff(times + 1)) },
    if: { wakeAfter: String(wakeAfter) },
  });
}
