import { readText } from '../../platform/read-text.ts';
import type { CopiedOutput, EndedOutput } from '../run/output-items.ts';
import type { Copying, ExpectedOutput } from '../run/run.ts';
import { runIdMetadata } from '../run/upload.ts';
import type { DeliverDeps } from './deps.ts';
import { manifestKey } from './output-key.ts';

export interface Endings {
  readonly copied: readonly (readonly [ExpectedOutput, CopiedOutput])[];
  readonly failed: readonly (readonly [ExpectedOutput, Extract<EndedOutput, { status: 'failed' }>])[];
}

/** Writes what was delivered and what was not; the same bytes however often, so a worker that stopped finds its own. */
export async function writeManifest(deps: DeliverDeps, run: Copying, endings: Endings): Promise<string> {
  const { deliveries, deliveriesPrefix } = deps;
  const body = `${JSON.stringify(manifestOf(run, endings), null, 2)}\n`;
  const properties = { contentType: 'application/json', metadata: { [runIdMetadata]: run.id }, ifAbsent: true };
  for (let number = run.resultName === undefined ? run.attempt : 1; ; number += 1) {
    const key = manifestKey(run, number, deliveriesPrefix);
    const stored = await deliveries.put(key, body, properties);
    if (stored.outcome === 'stored' || (await readText(deliveries, key)) === body) return key;
  }
}

/** Every field is named, since a table may give those of an item back in any order. */
function manifestOf(run: Copying, { copied, failed }: Endings) {
  const { bucket, key, versionId, etag, size } = run.upload;
  return {
    version: 1,
    runId: run.id,
    attempt: run.attempt,
    ruleId: run.rule.id,
    agentId: run.rule.agentId,
    agentRunId: run.agentRunId,
    partial: run.partial || failed.length > 0,
    redelivers: run.redelivers,
    input: { bucket, key, versionId, etag, size },
    inputs: ordered(run.input),
    data: ordered(run.variables?.data ?? run.rule.data),
    media: ordered(run.media),
    lineage: ordered(run.lineage),
    estimate: ordered(run.estimate),
    outputs: copied.map(([expected, output]) => copiedEntry(expected, output)),
    failed: failed.map(([{ id, kind, of }, { reason }]) => ({ outputId: id, kind: kind ?? 'video', of, reason })),
    nodeErrors: run.nodeErrors.map(({ nodeId, messages }) => ({ nodeId, messages })),
  };
}

function copiedEntry({ id, kind, of, nodeId, nodeName }: ExpectedOutput, output: CopiedOutput) {
  const { key, versionId, size, checksum, comparedWithSource, contentType, storageClass = 'STANDARD' } = output;
  const { algorithm, value } = checksum;
  return {
    ...{ outputId: id, kind: kind ?? 'video', of, nodeId, nodeName, key, versionId, size },
    ...{ checksum: { algorithm, value }, comparedWithSource, contentType, storageClass },
  };
}

/** Names in one order, at any depth. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, ordered(each)]));
}
