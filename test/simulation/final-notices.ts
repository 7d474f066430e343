import { isEnded, type Run } from '../../shared/runs/run/run.ts';
import { endName } from './invariants/notices.ts';
import type { World } from './world/world.ts';

const endNames = ['Run Delivered', 'Run Partially Delivered', 'Run Failed', 'Run Cancelled', 'Run Rejected'];

/** In the end each run's end was told by one event, on the bus and to each receiver that its rule names. */
export function allTold(world: World, runs: readonly Run[]): void {
  for (const run of runs) {
    endTold(world, run);
    for (const { url, events } of run.rule.notify ?? []) heardBy(world, run, url, events);
  }
}

function endTold({ watcher, ground }: World, run: Run): void {
  const [name] = (isEnded(run) && endName(run)) || [];
  const ids = watcher.notices.idsOf(run.id, endNames);
  const [id = ''] = ids;
  if (ids.length !== (name === undefined ? 0 : 1) || (name !== undefined && watcher.notices.typeOf(id) !== name))
    ground.violated('every end is told by one event', `${run.id} is ${run.status}: ${ids.join(', ')}`);
}

function heardBy(
  { watcher, receivers, ground }: World,
  run: Run,
  url: string,
  events: readonly string[] = everyName,
): void {
  // Whoever said that he wants no more is told no more of that.
  const wanted = watcher.notices.idsOf(run.id, events).filter((id) => !receivers.refused(url, id));
  const missing = wanted.find((id) => !watcher.notices.heardBy(url).has(id));
  if (missing !== undefined && ground.workload.retentionDays === undefined)
    ground.violated('every receiver is told', `${url} never heard ${missing}`);
}

const everyName = [...endNames, 'Run Started', 'Run Waiting For Credits'];
