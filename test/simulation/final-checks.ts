import { isEnded, type Run } from '../../shared/runs/run/run.ts';
import { claimKey } from '../../shared/runs/run/run-items.ts';
import { uploadIdentity } from '../../shared/runs/run/upload.ts';
import { isTriedForLong } from './api/source-file.ts';
import { deliveriesAreWhole } from './final-deliveries.ts';
import { allTold } from './final-notices.ts';
import { fileOf } from './invariants/copies.ts';
import type { World } from './world/world.ts';

/** What must hold once faults have stopped and all is quiet. */
export function finalChecks(world: World): void {
  const runs = world.runs();
  allEnded(world, runs);
  nothingHeld(world);
  nothingLeftToDo(world);
  claimsAgree(world, runs);
  deliveriesAreWhole(world, runs);
  allTold(world, runs);
  noForgottenAgentRun(world, runs);
}

function allEnded({ ground: { violated } }: World, runs: readonly Run[]): void {
  for (const run of runs)
    if (!isEnded(run)) violated('every upload reaches a terminal state', `${run.id} is still ${run.status}`);
}

const heldTypes = new Set(['slot', 'rule-slot', 'agent-lock', 'waiting', 'group', 'awaits']);

function nothingHeld({ stores: { table }, ground: { violated } }: World): void {
  for (const item of table.all())
    if (heldTypes.has(item.type)) violated('nothing is held in the end', `${item.pk}/${item.sk} of ${item.runId}`);
}

/** No message waits, and none has failed. */
export function nothingLeftToDo(world: World): void {
  const {
    hops,
    ground: { violated },
  } = world;
  for (const { queue, deadLetters } of hops) {
    for (const body of queue.left()) violated('no message is left', `${queue.name}: ${body.slice(0, 200)}`);
    for (const body of deadLetters.left().filter((text) => !isHopeless(world, text)))
      violated('no message fails once all is well', `${deadLetters.name}: ${body.slice(0, 200)}`);
  }
}

/** What may be there again tomorrow is tried for a week, and each try that fails is there to be seen. */
function isHopeless({ api, watcher }: World, body: string): boolean {
  const { runId, outputId = '' } = JSON.parse(body) as { runId?: string; outputId?: string };
  const run = watcher.runs().get(runId ?? '');
  const agentRun = run && 'agentRunId' in run ? api.runs.get(run.agentRunId ?? '') : undefined;
  return agentRun !== undefined && isTriedForLong(fileOf(agentRun, outputId));
}

/** A claim leads to the newest attempt of a run of that upload and rule; and every upload that a rule takes has one. */
function claimsAgree({ stores, ground, landed }: World, runs: readonly Run[]): void {
  const { table } = stores;
  const { workload, violated } = ground;
  const byId = new Map(runs.map((run) => [run.id, run]));
  const claimed = new Set<string>();
  for (const claim of table.all()) {
    if (claim.type !== 'claim') continue;
    const run = byId.get(String(claim.runId));
    if (run === undefined) violated('a claim has its run', `${claim.pk}/${claim.sk}`);
    // Of a group's members, the claim of the one that its run is named for.
    else if (run.nextRunId !== undefined && claim.pk === `UPLOAD#${uploadIdentity(run.upload)}`)
      violated('a claim leads to the newest attempt', run.id);
    for (let each = run; each !== undefined; each = byId.get(each.previousRunId ?? '')) claimed.add(each.id);
  }
  // A group's own run belongs to all of its members, each of which has a claim and a run that says so.
  for (const run of runs)
    if (!claimed.has(run.id) && typeof run.rule.start !== 'object') violated('a run has its claim', run.id);
  if (workload.rulesChange) return;
  for (const { head } of landed) {
    const upload = { bucket: 'uploads', key: head.key, versionId: head.versionId, etag: head.etag, size: head.size };
    for (const rule of workload.takers(head.key))
      if (table.get(claimKey(uploadIdentity(upload), rule.id)) === undefined)
        violated('every upload that a rule takes has a run', `${head.key} ${head.versionId} by ${rule.id}`);
  }
}

/** What was paid for is known to its run, unless a person was told to look. */
function noForgottenAgentRun({ api, ground: { violated } }: World, runs: readonly Run[]): void {
  const known = new Set(runs.flatMap((run) => ('agentRunId' in run ? (run.agentRunId ?? []) : [])));
  const told = new Set(
    runs.filter((run) => run.status === 'failed' && run.failure === 'unanswered').map(({ id }) => id),
  );
  for (const { id, ourRunId, status } of api.runs.values()) {
    if (ourRunId === undefined || told.has(ourRunId)) continue;
    if (!known.has(id)) violated('no paid agent run is forgotten', `${id} of ${ourRunId}`);
    if (status === 'running') violated('no agent run goes on for nobody', `${id} of ${ourRunId}`);
  }
}
