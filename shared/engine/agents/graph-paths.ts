import { InvalidInput } from '../../errors.ts';
import { tileFor } from '../tiles/index.ts';
import type { Connection, Graph } from './agent.ts';

export type Path = readonly [input: string, ...rest: string[]];

/** Every way from a Video Input through at least one tile to a node with nothing after it. */
export function pathsOf({ nodes, connections }: Graph): readonly Path[] {
  const isInput = new Map(nodes.map((node) => [node.id, tileFor(node.nodeTypeId)?.kind === 'input']));
  const continued = (path: Path): readonly Path[] => {
    const next = connections.filter(({ source }) => source === path.at(-1));
    if (next.length > 0) return next.flatMap(({ target }) => continued([...path, target]));
    return path.length > 1 ? [path] : [];
  };
  return nodes.filter((node) => isInput.get(node.id)).flatMap((node) => continued([node.id]));
}

/** The graph with these nodes bypassed: what led into one leads to what came after it. */
export function withoutNodes(graph: Graph, ignored: readonly string[]): Graph {
  return ignored.reduce((rest, nodeId) => {
    if (!graph.nodes.some((node) => node.id === nodeId))
      throw new InvalidInput(`ignore_nodes names node ${nodeId.slice(0, 64)}, which the agent does not have.`);
    const before = rest.connections.find(({ target }) => target === nodeId)?.source;
    const rewired = ({ source, target }: Connection): Connection[] => {
      if (target === nodeId) return [];
      if (source !== nodeId) return [{ source, target }];
      return before === undefined ? [] : [{ source: before, target }];
    };
    return { nodes: rest.nodes.filter((node) => node.id !== nodeId), connections: rest.connections.flatMap(rewired) };
  }, graph);
}
