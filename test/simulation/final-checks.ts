import { crc32 } from 'node:zlib';
import { isEnded, type Run } from '../../shared/runs/run.ts';
import { claimKey } from '../../shared/runs/run-items.ts';
import { runIdMetadata, uploadIdentity } from '../../shared/runs/upload.ts';
import type { World } from './world/world.ts';

/** What must hold once faults have stopped and all is quiet. */
export function finalChecks(world: World): void {
  const runs = world.runs();
  allEnded(world, runs);
  nothingHeld(world);
  nothingLeftToDo(world);
  claimsAgree(world, runs);
  for (const run of runs) if (run.status === 'delivered') deliveredWhole(world, run);
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

function nothingLeftToDo({ hops, ground: { violated } }: World): void {
  for (const { queue, deadLetters } of hops) {
    for (const body of queue.left()) violated('no message is left', `${queue.name}: ${body.slice(0, 200)}`);
    for (const body of deadLetters.left())
      violated('no message fails once all is well', `${deadLetters.name}: ${body.slice(0, 200)}`);
  }
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

interface Manifest {
  readonly runId: string;
  readonly agentRunId: string;
  readonly partial: boolean;
  readonly outputs: readonly { outputId: string; key: string; size: number; checksum: { value: string } }[];
}

function deliveredWhole(
  { api, stores: { deliveries }, ground: { violated } }: World,
  run: Extract<Run, { status: 'delivered' }>,
): void {
  const broken = (facts: string): void => violated('what is delivered is whole', `${run.id}: ${facts}`);
  const stored = deliveries.find(run.manifestKey);
  const agentRun = api.runs.get(run.agentRunId);
  if (stored === undefined || agentRun === undefined) {
    broken('without manifest or agent run');
    return;
  }
  const manifest = JSON.parse(Buffer.from(stored.bytes).toString()) as Manifest;
  if (manifest.runId !== run.id || manifest.agentRunId !== run.agentRunId) broken('the manifest is of another run');
  if (manifest.outputs.length !== agentRun.outputs.length || run.outputCount !== agentRun.outputs.length)
    broken(`${manifest.outputs.length} outputs instead of ${agentRun.outputs.length}`);
  if (manifest.partial !== (agentRun.status === 'partial_complete')) broken('the manifest calls it what it is not');
  for (const output of agentRun.outputs) {
    const named = manifest.outputs.find(({ outputId }) => outputId === output.id);
    const object = named && deliveries.find(named.key);
    if (named === undefined || object === undefined) broken(`${output.id} is not there`);
    else if (Buffer.compare(object.bytes, output.bytes) !== 0) broken(`${named.key} has other bytes`);
    else if (object.head.metadata[runIdMetadata] !== run.id) broken(`${named.key} is not marked as its own`);
    else if (
      named.size !== output.bytes.byteLength ||
      Number.parseInt(named.checksum.value, 16) !== crc32(output.bytes)
    )
      broken(`${named.key} is described wrongly`);
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
