import { randomUUID } from 'node:crypto';
import { InvalidInput } from '../../errors.ts';
import type { RunRequest } from '../../mosaic/schemas.ts';
import type { Graph } from '../agents/agent.ts';
import { pathsOf, withoutNodes } from '../agents/graph-paths.ts';
import { knownTile } from '../agents/require-tile.ts';
import { readParameters } from '../tiles/index.ts';
import type { RunNode } from './agent-run.ts';
import { assignVideos, type Video } from './assign-videos.ts';

export interface RunPlan {
  readonly nodes: readonly RunNode[];
  readonly videos: readonly Video[];
  readonly renders: readonly { readonly inputIndex: number; readonly path: readonly string[] }[];
}

const maxOutputs = 50;

/** What a start will do, decided without touching anything; throws InvalidInput when it can't be done as asked. */
export function planRun(agent: Graph, request: RunRequest): RunPlan {
  const graph = withoutNodes(agent, [...new Set(request.ignore_nodes ?? [])]);
  const paths = pathsOf(graph);
  if (paths.length === 0)
    throw new InvalidInput('This agent has nothing to run: connect at least one tile to a Video Input first.');
  const videos = assignVideos(request, [...new Set(paths.map((path) => path[0]))]);
  const renders = paths.flatMap((path) =>
    videos.flatMap((video, inputIndex) => (video.nodeId === path[0] ? [{ inputIndex, path }] : [])),
  );
  if (renders.length > maxOutputs)
    throw new InvalidInput(
      `This run would make ${renders.length} outputs; ${maxOutputs} is the most. Give it fewer videos.`,
    );
  return { nodes: runNodes(graph, new Set(paths.flat()), request.update_params ?? {}), videos, renders };
}

function runNodes(
  graph: Graph,
  runnable: ReadonlySet<string>,
  changes: NonNullable<RunRequest['update_params']>,
): RunNode[] {
  const stranger = Object.keys(changes).find((nodeId) => !runnable.has(nodeId));
  if (stranger !== undefined)
    throw new InvalidInput(
      `update_params names node ${stranger.slice(0, 64)}, which is not one that this run goes through.`,
    );
  return graph.nodes
    .filter((node) => runnable.has(node.id))
    .map((node) => {
      const parameters = { ...node.parameters, ...changes[node.id] };
      readParameters(knownTile(node.nodeTypeId), parameters);
      return { id: randomUUID(), originalId: node.id, nodeTypeId: node.nodeTypeId, parameters };
    });
}
