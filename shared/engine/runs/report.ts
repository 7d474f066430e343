import type {
  AgentRunList,
  AgentRunNodes,
  AgentRunResumed,
  AgentRunStatus,
  RunInput,
  RunOutput,
} from '../../mosaic/schemas.ts';
import type { Bucket } from '../../platform/ports.ts';
import { nodeTypeInfo } from '../agents/node-types.ts';
import { type LoadedRun, progressOf, type Render, type StoredFile } from './agent-run.ts';
import { countNodes, failedNodeOf, type NodeState, nodeStates } from './node-status.ts';
import type { Resumed } from './resume-agent-run.ts';

/** The longest life that S3 gives a link. */
const linkSeconds = 7 * 24 * 3600;

/** The answer of `GET /agent_run/{id}`. Each request signs new links. */
export async function statusReport(bucket: Bucket, loaded: LoadedRun): Promise<AgentRunStatus> {
  const { run, renders } = loaded;
  return {
    run_id: run.id,
    agent_id: run.agentId,
    started_at: run.createdAt,
    status: run.status,
    status_message: messageOf(loaded),
    needs_credits: false,
    errors: errorsOf(renders),
    node_status_counts: countsOf(loaded),
    inputs: await inputsOf(bucket, loaded),
    outputs: await outputsOf(bucket, renders),
    progress: progressOf(loaded),
  };
}

export async function summaryReport(bucket: Bucket, loaded: LoadedRun): Promise<AgentRunList['runs'][number]> {
  const { run, renders } = loaded;
  return {
    run_id: run.id,
    agent_id: run.agentId,
    status: run.status,
    status_message: messageOf(loaded),
    started_at: run.createdAt,
    updated_at: updatedAt(loaded),
    node_status_counts: countsOf(loaded),
    inputs: await inputsOf(bucket, loaded),
    outputs: await outputsOf(bucket, renders),
    triggered_by: null,
  };
}

export const nodesReport = (loaded: LoadedRun): AgentRunNodes => ({
  run_id: loaded.run.id,
  nodes: nodeStates(loaded).map(({ node, status, messages }) => ({
    agent_node_id: node.id,
    original_node_id: node.originalId,
    status,
    status_message: messages[0] ?? null,
    errors: [...messages],
    node_type: nodeTypeInfo(node.nodeTypeId),
    needs_credits: false,
  })),
});

/** A run's tasks end before it does, so a resume never finds one that is still active. */
export function resumedReport({ run, requeued }: Resumed): AgentRunResumed {
  // A video that was fetched is not kept, but a Video Input counts as a source, and those are not resumed.
  const nodes = new Set(requeued.flatMap(({ path }) => path.slice(1)));
  return {
    ...{ success: true, run_id: run.id, agent_state_id: run.id },
    ...{ nodes_queued: nodes.size, nodes_considered: run.nodes.length, requeued_nodes: nodes.size },
    ...{ requeued_node_tasks_detached: requeued.length },
    ...{ requeued_node_active_tasks_cancelled: 0, requeued_node_active_tasks_total: 0 },
  };
}

export function countsOf(loaded: LoadedRun) {
  const { completed, inProgress, failed } = countNodes(nodeStates(loaded));
  return { completed, in_progress: inProgress, failed };
}

/** The nodes that one render goes through, as they stand, with what it has made. */
export async function updatedNodes(bucket: Bucket, loaded: LoadedRun, index: number) {
  const render = loaded.renders[index];
  if (render === undefined) return [];
  const isPassed = ({ node }: NodeState) => render.path.includes(node.originalId);
  const outputs = await outputsOf(bucket, [render]);
  return nodeStates(loaded)
    .filter(isPassed)
    .map(({ node, status, messages }) => ({
      original_node_id: node.originalId,
      status,
      status_message: messages[0] ?? null,
      errors: [...messages],
      outputs: node.originalId === render.path.at(-1) ? outputs : [],
    }));
}

export const inputsOf = (bucket: Bucket, { run }: LoadedRun): Promise<RunInput[]> =>
  Promise.all(
    run.inputs.map(async (input) => ({
      video_url: 'file' in input ? await linkTo(bucket, input.file) : input.shownUrl,
      thumbnail_url: null,
    })),
  );

async function outputsOf(bucket: Bucket, renders: readonly Render[]): Promise<RunOutput[]> {
  const completed = renders.filter((render) => render.status === 'completed');
  return Promise.all(
    completed.map(async ({ outputId, output, path }) => ({
      id: outputId,
      video_url: await linkTo(bucket, output.video),
      thumbnail_url: await linkTo(bucket, output.thumbnail),
      premiere_prproj_url: null,
      completed_at: output.completedAt,
      original_node_id: path.at(-1) ?? null,
    })),
  );
}

const linkTo = async (bucket: Bucket, { key, versionId }: StoredFile): Promise<string> =>
  (await bucket.link(key, { versionId, expiresInSeconds: linkSeconds })).url;

function errorsOf(renders: readonly Render[]) {
  const byNode = new Map<string | null, string[]>();
  for (const render of renders) {
    if (render.status !== 'failed') continue;
    const nodeId = failedNodeOf(render) ?? null;
    byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), render.message]);
  }
  return [...byNode].map(([original_node_id, messages]) => ({ original_node_id, messages }));
}

const messageOf = ({ run }: LoadedRun): string | null =>
  run.status === 'running' ? null : (run.statusMessage ?? null);

function updatedAt({ run, renders }: LoadedRun): string {
  const moments = renders.map((render) =>
    render.status === 'running' ? render.touchedAt : render.status === 'completed' ? render.output.completedAt : '',
  );
  return run.status === 'running' ? ([run.createdAt, ...moments].sort().at(-1) ?? run.createdAt) : run.endedAt;
}
