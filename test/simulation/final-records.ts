import type { World } from './world/world.ts';

/** What tells of a run that has ended; its claims, and whose the agent run is, stay for good. */
const ofRuns = new Set(['run', 'event', 'move', 'output', 'key', 'listed', 'outbox', 'uploading']);

/** Once their time is over, nothing tells of the runs any more. */
export function recordsGone({ stores, ground, watcher }: World): void {
  for (const { type, pk, sk } of stores.table.all())
    if (ofRuns.has(type)) ground.violated('records end when their time is over', `${type} ${pk} / ${sk}`);
  const claims = [...stores.table.all()].filter(({ type }) => type === 'claim');
  if (claims.length === 0 && watcher.runs().size > 0) ground.violated('claims stay', 'none is there');
}
