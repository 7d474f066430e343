import type { Item } from '../../../shared/platform/ports.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { outputKey, runKey } from '../../../shared/runs/run/run-items.ts';
import { outputIdMetadata, runIdMetadata } from '../../../shared/runs/run/upload.ts';
import type { AgentRun } from '../api/agent-run.ts';
import type { SourceFile } from '../api/source-file.ts';
import type { Version } from '../ports/bucket.ts';
import { manifestIn } from './manifest.ts';
import { asRun, type Watched } from './watched.ts';

/** What may become visible in the deliveries, and when: at no moment is there anything that is not whole. */
export function copies({ table, api, deliveries, violated }: Watched) {
  const complete = new Set<string>();
  const failed = new Map<string, number>();
  const seen = new Map<string, Version>();
  const owners = new Map<string, string>();

  function copied(version: Version, run: Run, agentRun: AgentRun): void {
    const outputId = decodeURIComponent(version.head.metadata[outputIdMetadata] ?? '');
    const file = fileOf(agentRun, outputId);
    if (file === undefined) violated('only what the agent made is delivered', `${version.head.key} is ${outputId}`);
    else if (!file.versions.some(({ bytes }) => Buffer.compare(bytes, version.bytes) === 0))
      violated('only what is whole is ever seen', `${version.head.key}, ${outputId} of ${run.id}`);
    const before = seen.get(`${run.id} ${outputId}`);
    if (before !== undefined)
      violated('every output is delivered once', `${outputId} of ${run.id}: ${before.head.key}, ${version.head.key}`);
    seen.set(`${run.id} ${outputId}`, version);
  }

  /** A rule's own template may bring two runs to one key; the names we choose never do. */
  function named(key: string, { id, rule, resultName }: Run): void {
    if (rule.deliver?.key !== undefined) return;
    const owner = owners.get(key);
    if (owner !== undefined && owner !== id) violated('no two runs share a result name', `${key}: ${owner} and ${id}`);
    owners.set(key, id);
    if (resultName === undefined) violated('a result has its name before it is copied', `${key} of ${id}`);
  }

  /** Whoever sees a manifest sees all that it names. */
  function completed({ head, bytes }: Version, runId: string): void {
    const manifest = manifestIn(bytes);
    for (const { key, versionId, size } of manifest.outputs)
      if (deliveries().find(key, versionId)?.head.size !== size)
        violated('the manifest comes last', `${head.key} names ${key}, which is not there`);
    complete.add(runId);
  }

  return {
    /** What is begun in parts is not to be seen yet; a worker that others left behind may begin once more. */
    begun(key: string, { [runIdMetadata]: runId = '' }: Readonly<Record<string, string>>): void {
      agentRunOf(key, runId);
    },
    delivered(version: Version): void {
      const { key, metadata } = version.head;
      const runId = metadata[runIdMetadata];
      if (runId === undefined) return;
      const found = agentRunOf(key, runId);
      // What one worker gave up another may bring all the same: whole, and named nowhere.
      if (complete.has(runId) && !isGivenUp(version)) violated('the manifest comes last', key);
      if (found === undefined) return;
      named(key, found.run);
      if (metadata[outputIdMetadata] !== undefined) copied(version, found.run, found.agentRun);
      else completed(version, runId);
    },
    /** How often what is made beside a video failed for reasons that may pass: it has few tries. */
    outputWritten({ pk, outputId, failures }: Item): void {
      const name = `${pk.slice('RUN#'.length)} ${outputId}`;
      failed.set(name, Math.max(Number(failures ?? 0), failed.get(name) ?? 0));
    },
    failuresOf: (runId: string, outputId: string): number => failed.get(`${runId} ${outputId}`) ?? 0,
    /** What was delivered of an output by a run. */
    of: (runId: string, outputId: string): Version | undefined => seen.get(`${runId} ${outputId}`),
  };

  function isGivenUp({ head: { metadata } }: Version): boolean {
    const outputId = decodeURIComponent(metadata[outputIdMetadata] ?? '');
    return table().get(outputKey(metadata[runIdMetadata] ?? '', outputId))?.status === 'failed';
  }

  function agentRunOf(key: string, runId: string) {
    const run = asRun(table().get(runKey(runId)));
    const agentRun = run && 'agentRunId' in run ? api().runs.get(run.agentRunId ?? '') : undefined;
    if (run !== undefined && agentRun?.isConfirmed) return { run, agentRun };
    violated('nothing is copied before we asked and heard that its agent run ended well', `${key} of run ${runId}`);
    return undefined;
  }
}

/** What was made beside a video is called after it. */
export function fileOf({ outputs }: AgentRun, outputId: string): SourceFile | undefined {
  const [id, kind = 'video'] = outputId.split('#');
  return outputs.find((output) => output.id === id)?.files.find((file) => file.kind === kind);
}
