import type { Bucket } from '../platform/ports.ts';
import { settleAlongside } from './control/alongside.ts';
import { manifestKey } from './delivery-key.ts';
import { moveRun, type RunDeps, readRun } from './move-run.ts';
import { type EndedOutput, endedOutputs } from './output-items.ts';
import { readText } from './read-text.ts';
import type { Copying, ExpectedOutput, NextState, Run } from './run.ts';
import { runIdMetadata } from './upload.ts';

export interface DeliverDeps extends RunDeps {
  readonly deliveries: Bucket;
  /** What the keys of everything that is delivered begin with; with its `/`. */
  readonly deliveriesPrefix?: string;
}

/** Ends a run whose outputs are all done: the manifest comes last, so whoever sees it sees all that it names. */
export async function deliverRun(deps: DeliverDeps, run: Copying): Promise<'delivered' | 'unfinished'> {
  const outputs = await endedOutputs(deps.runs, run.id);
  if (run.expected.some(({ id }) => !outputs.has(id))) return 'unfinished';
  const next = await ending(deps, run, outputs);
  let current: Run | undefined = run;
  // The last copies may end together; whoever moves the run first has written what the others would.
  while (current?.status === 'copying') {
    const { to, writes } = await settleAlongside(deps, current, next);
    const moved = await moveRun(deps, current, to, writes);
    if (moved.outcome === 'moved') break;
    current = await readRun(deps.runs, run.id);
  }
  return 'delivered';
}

async function ending(deps: DeliverDeps, run: Copying, outputs: ReadonlyMap<string, EndedOutput>): Promise<NextState> {
  const { agentRunId, partial, expected } = run;
  const failures = expected.flatMap(({ id }) => {
    const output = outputs.get(id);
    return output?.status === 'failed' ? [`output ${id}: ${output.reason}`] : [];
  });
  // The good ones stay where they are, but no manifest may call this set whole.
  if (failures.length > 0) {
    const reason = `${failures.length} of ${expected.length} outputs could not be delivered: ${failures.slice(0, 5).join('; ')}`;
    return { status: 'failed', agentRunId, reason, failure: 'delivery' };
  }
  const key = await writeManifest(deps, run, manifestOf(run, outputs));
  return { status: 'delivered', agentRunId, partial, manifestKey: key, outputCount: expected.length };
}

/** The same bytes however often it is written: a worker that stopped after it finds its own. */
async function writeManifest(
  { deliveries, deliveriesPrefix }: DeliverDeps,
  run: Copying,
  body: string,
): Promise<string> {
  const properties = { contentType: 'application/json', metadata: { [runIdMetadata]: run.id }, ifAbsent: true };
  for (let number = run.attempt; ; number += 1) {
    const key = manifestKey(run, number, deliveriesPrefix);
    const stored = await deliveries.put(key, body, properties);
    if (stored.outcome === 'stored' || (await readText(deliveries, key)) === body) return key;
  }
}

/** Every field is named, since a table may give those of an item back in any order. */
function manifestOf(run: Copying, outputs: ReadonlyMap<string, EndedOutput>): string {
  const { bucket, key, versionId, etag, size } = run.upload;
  const manifest = {
    version: 1,
    runId: run.id,
    attempt: run.attempt,
    ruleId: run.rule.id,
    agentId: run.rule.agentId,
    agentRunId: run.agentRunId,
    partial: run.partial,
    input: { bucket, key, versionId, etag, size },
    inputs: ordered(run.input),
    data: ordered(run.variables?.data ?? run.rule.data),
    media: ordered(run.media),
    lineage: ordered(run.lineage),
    estimate: ordered(run.estimate),
    outputs: run.expected.map((expected) => manifestOutput(expected, outputs.get(expected.id))),
    nodeErrors: run.nodeErrors.map(({ nodeId, messages }) => ({ nodeId, messages })),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Names in one order, at any depth. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, ordered(each)]));
}

function manifestOutput({ id, nodeId, nodeName }: ExpectedOutput, output: EndedOutput | undefined) {
  if (output?.status !== 'copied') throw new Error(`Output ${id} is not copied, so no manifest may name it.`);
  const { key, versionId, size, checksum, contentType } = output;
  const { algorithm, value } = checksum;
  return { outputId: id, nodeId, nodeName, key, versionId, size, checksum: { algorithm, value }, contentType };
}
