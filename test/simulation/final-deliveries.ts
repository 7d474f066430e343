import { crc32cOf } from '../../shared/platform/crc32c.ts';
import type { Delivered, Failed, Run } from '../../shared/runs/run/run.ts';
import type { AgentRun } from './api/agent-run.ts';
import { isTriedForLong } from './api/source-file.ts';
import { fileOf } from './invariants/copies.ts';
import { type Manifest, type ManifestOutput, manifestIn } from './invariants/manifest.ts';
import type { World } from './world/world.ts';

/** In the end every good file is delivered, and whatever is not delivered is bad and named. */
export function deliveriesAreWhole(world: World, runs: readonly Run[]): void {
  for (const run of runs) {
    if (run.status === 'delivered') deliveredWhole(world, run);
    if (run.status === 'failed' && run.failure === 'delivery') failedForAReason(world, run);
  }
  nothingHalf(world);
}

function deliveredWhole(world: World, run: Delivered): void {
  const { api, stores, ground } = world;
  const broken = (facts: string): void => ground.violated('what is delivered is whole', `${run.id}: ${facts}`);
  const stored = stores.deliveries.find(run.manifestKey);
  const agentRun = api.runs.get(run.agentRunId);
  if (stored === undefined || agentRun === undefined) {
    broken('without manifest or agent run');
    return;
  }
  const manifest = manifestIn(stored.bytes);
  if (manifest.runId !== run.id || manifest.agentRunId !== run.agentRunId) broken('the manifest is of another run');
  const { failed = [], outputs } = manifest;
  if (run.outputCount !== outputs.length) broken(`${outputs.length} outputs, and ${run.outputCount} told`);
  if (
    manifest.partial !== (agentRun.status === 'partial_complete' || failed.length > 0) ||
    manifest.partial !== run.partial
  )
    broken('the manifest calls it what it is not');
  for (const outputId of wantedOf(run, agentRun)) {
    const named = outputs.find((output) => output.outputId === outputId);
    if (named !== undefined) deliveredAsTold(world, agentRun, named, broken);
    else namedAsBad(world, run, agentRun, outputId, manifest, broken);
  }
}

function deliveredAsTold(
  { stores }: World,
  agentRun: AgentRun,
  named: ManifestOutput,
  broken: (facts: string) => void,
): void {
  const { key, versionId, outputId, size, checksum, comparedWithSource } = named;
  const object = stores.deliveries.find(key, versionId);
  const versions = fileOf(agentRun, outputId)?.versions ?? [];
  const source = versions.find(({ bytes }) => object && Buffer.compare(bytes, object.bytes) === 0);
  if (object === undefined || source === undefined) broken(`${key} is not there, or has other bytes`);
  else if (
    size !== object.bytes.byteLength ||
    checksum.algorithm !== 'crc32c' ||
    checksum.value !== crc32cOf(object.bytes)
  )
    broken(`${key} is described wrongly`);
  else if (comparedWithSource && source.hash === '') broken(`${key} is said to be compared with what was never told`);
}

function namedAsBad(
  world: World,
  run: Run,
  agentRun: AgentRun,
  outputId: string,
  { failed = [] }: Manifest,
  broken: (facts: string) => void,
): void {
  if (failed.every((each) => each.outputId !== outputId)) broken(`${outputId} is not named`);
  if (!mayFail(world, run, outputId, agentRun)) broken(`${outputId} is called bad, and is good`);
}

/** The videos, and what the rule wants beside them. */
function wantedOf({ rule }: Run, { outputs }: AgentRun): readonly string[] {
  const beside: readonly string[] = rule.deliver?.beside ?? ['thumbnail', 'project'];
  return outputs.flatMap(({ id, files }) =>
    files.flatMap(({ kind }) => (kind === 'video' ? [id] : beside.includes(kind) ? [`${id}#${kind}`] : [])),
  );
}

/** Of one that was spoilt on the way again and again nobody can tell whether it is bad. */
function mayFail({ watcher }: World, run: Run, outputId: string, agentRun: AgentRun): boolean {
  const file = fileOf(agentRun, outputId);
  const isBad = file === undefined || file.fault !== undefined || file.spoilt > 1;
  // Nothing is written over where the rule says so.
  if (isBad || run.rule.deliver?.ifExists === 'fail') return true;
  const [videoId = '', kind] = outputId.split('#');
  if (kind === undefined) return false;
  // What is made beside a video comes after it, and has few tries.
  return isTriedForLong(fileOf(agentRun, videoId)) || watcher.failuresOf(run.id, outputId) >= companionTries - 1;
}

const companionTries = 5;

function failedForAReason(world: World, run: Failed): void {
  const { api, ground } = world;
  const agentRun = api.runs.get(run.agentRunId ?? '');
  if (agentRun === undefined) return;
  // What was made beside a video is nothing without any.
  const videos = agentRun.outputs.map(({ id }) => id);
  const good = videos.find((outputId) => !mayFail(world, run, outputId, agentRun));
  if (good !== undefined) ground.violated('what is good is delivered', `${good} of ${run.id}: ${run.reason}`);
}

/** Parts that nobody will finish cost money for ever. */
function nothingHalf({ stores, strangers, ground }: World): void {
  const open = stores.deliveries.listUploads().uploads;
  const isTheirs = (uploadId: string) => strangers.begun.some((upload) => upload.uploadId === uploadId);
  // One that nobody can name and that holds nothing costs nothing; it may be somebody else's.
  for (const upload of open)
    if (!isTheirs(upload.uploadId) && stores.deliveries.listParts(upload).length > 0)
      ground.violated('no parts are left behind', upload.key);
  if (open.filter(({ uploadId }) => isTheirs(uploadId)).length < strangers.begun.length)
    ground.violated("nobody else's parts are thrown away", strangers.begun.map(({ key }) => key).join());
}
