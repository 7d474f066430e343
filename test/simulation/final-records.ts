import type { World } from './world/world.ts';

/** What tells of a run that has ended; its claims, and whose the agent run is, stay for good. */
const ofRuns = new Set(['run', 'event', 'move', 'output', 'inputs', 'key', 'listed', 'outbox', 'uploading']);
/** A report that is being stored while the records are gone through may be missed. */
const storingMs = 60_000;

/** Once their time is over, nothing tells of the runs any more, but that they delivered and what their objects were. */
export function recordsGone({ stores, ground, watcher }: World): void {
  const marks = new Set<string>();
  for (const { type, pk, sk, receivedAt, from, to, etag } of stores.table.all()) {
    const isMark = type === 'move' && (from === 'copying' || to === 'copying') && !marks.has(pk);
    if (isMark) marks.add(pk);
    if (isMark || (type === 'key' && etag !== undefined)) continue;
    const isMissed = Math.abs(Date.parse(String(receivedAt)) - watcher.sweptMs(pk.slice('RUN#'.length))) < storingMs;
    // A copy that was under way when its run was cancelled is noted afterwards.
    const runId = type === 'output' ? pk.slice('RUN#'.length) : sk.split('#').at(-1);
    const isLate = (type === 'output' || type === 'key') && watcher.runs().get(runId ?? '')?.status === 'cancelled';
    if (ofRuns.has(type) && !isMissed && !isLate)
      ground.violated('records end when their time is over', `${type} ${pk} / ${sk}`);
  }
  const claims = [...stores.table.all()].filter(({ type }) => type === 'claim');
  if (claims.length === 0 && watcher.runs().size > 0) ground.violated('claims stay', 'none is there');
}
