import type { Item } from '../../platform/ports.ts';
import { slotsHeld } from '../capacity/slots.ts';
import type { RunDeps } from '../run/deps.ts';
import { openPk, shards, waitingPk } from '../run/run-items.ts';

/** A run that is due at three passes of reconcile in a row, five minutes apart, is stuck: waking it does not help. */
export const stuckMs = 3 * 300_000;
/** Of each shard, and of the line: more than anybody has, and few enough to be read often. */
const atMost = 1000;

interface MeasureDeps extends RunDeps {
  /** How far reconcile's looks are apart, where that is more than five minutes. */
  readonly periodSeconds?: number;
}

/** How many runs are under way, how many of them stand still, how old the oldest is, and how many slots are taken. */
export async function measureOpenRuns({ runs, clock, metrics, periodSeconds = 0 }: MeasureDeps): Promise<void> {
  if (metrics === undefined) return;
  const now = clock();
  const stuckBefore = new Date(now - Math.max(stuckMs, 3 * periodSeconds * 1000)).toISOString();
  let stuck = 0;
  let open = 0;
  let oldest = now;
  const look = (items: readonly Item[], bornAt: (item: Item) => unknown) => {
    open += items.length;
    oldest = Math.min(oldest, ...items.map((item) => Date.parse(String(bornAt(item)))).filter(Number.isFinite));
  };
  for (const shard of shards) {
    const { items } = await runs.query({ pk: openPk(shard), index: true, limit: atMost });
    look(items, ({ createdAt }) => createdAt);
    stuck += items.filter(({ isk }) => String(isk) < stuckBefore).length;
  }
  look((await runs.query({ pk: waitingPk, limit: atMost })).items, ({ arrival }) => arrival);
  // While nothing is open nothing is told: a metric costs money in each hour in which it is written.
  if (open === 0) return;
  metrics.count('OpenRuns', open);
  metrics.count('StuckRuns', stuck);
  metrics.count('OldestOpenSeconds', Math.round((now - oldest) / 1000));
  metrics.count('SlotsTaken', await slotsHeld(runs));
}
