import type { LoadedRun, Render, RunNode } from './agent-run.ts';

export type NodeStatus = 'queued' | 'running' | 'completed' | 'partial_complete' | 'failed' | 'blocked' | 'cancelled';

export interface NodeState {
  readonly node: RunNode;
  readonly status: NodeStatus;
  readonly messages: readonly string[];
}

/**
 * Nodes have no state of their own: a node is as far as the renders that pass through it. All nodes of a render but
 * its Video Input move together, because they are rendered together.
 */
export const nodeStates = ({ run, renders }: LoadedRun): readonly NodeState[] =>
  run.nodes.map((node) => {
    const through = renders.filter((render) => render.path.includes(node.originalId));
    return {
      node,
      status: together(through.map((render) => statusIn(render, node))),
      messages: [...new Set(through.flatMap((render) => messageAt(render, node)))],
    };
  });

export interface NodeCounts {
  readonly completed: number;
  readonly inProgress: number;
  readonly failed: number;
}

export function countNodes(states: readonly NodeState[]): NodeCounts {
  const count = (...statuses: NodeStatus[]) => states.filter(({ status }) => statuses.includes(status)).length;
  return {
    completed: count('completed', 'partial_complete'),
    inProgress: count('queued', 'running'),
    failed: count('failed', 'blocked'),
  };
}

/** Where a failed render failed: at its Video Input while the video was being fetched, else at its end. */
export const failedNodeOf = (render: Render): string | undefined =>
  render.fetched ? render.path.at(-1) : render.path[0];

function statusIn(render: Render, node: RunNode): NodeStatus {
  const isInput = render.path[0] === node.originalId;
  if (isInput && render.fetched) return 'completed';
  switch (render.status) {
    case 'running':
      return isInput || render.fetched ? 'running' : 'queued';
    case 'failed':
      return isInput || render.fetched ? 'failed' : 'blocked';
    default:
      return render.status;
  }
}

function together(statuses: readonly NodeStatus[]): NodeStatus {
  const all = new Set(statuses);
  const [only] = all;
  if (all.size === 1 && only) return only;
  if (all.has('running') || all.has('queued')) return 'running';
  if (all.has('completed')) return 'partial_complete';
  return all.has('cancelled') ? 'cancelled' : 'failed';
}

const messageAt = (render: Render, node: RunNode): string[] =>
  render.status === 'failed' && failedNodeOf(render) === node.originalId ? [render.message] : [];
