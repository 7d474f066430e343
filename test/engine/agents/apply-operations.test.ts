import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph } from '../../../shared/engine/agents/agent.ts';
import { applyOperations } from '../../../shared/engine/agents/apply-operations.ts';
import type { Operation } from '../../../shared/mosaic/schemas.ts';
import { nodeTypes } from '../engine-world.ts';

const empty: Graph = { nodes: [], connections: [] };
const { videoInput, silenceRemoval, mirror } = nodeTypes;

const node = (temp_ref_id: string, node_type_id: string): Operation => ({
  op: 'create_node',
  node_type_id,
  temp_ref_id,
});
const edge = (source_temp_ref_id: string, target_temp_ref_id: string): Operation => ({
  op: 'create_connection',
  source_temp_ref_id,
  target_temp_ref_id,
});

describe('operations on an agent', () => {
  test('make nodes and connect them by their temporary names', () => {
    const { graph, created } = applyOperations(empty, [node('in', videoInput), node('m', mirror), edge('in', 'm')]);
    expect(created.map(({ tempRefId }) => tempRefId)).toEqual(['in', 'm']);
    expect(graph.connections).toEqual([{ source: created[0]?.nodeId, target: created[1]?.nodeId }]);
  });

  test('merge a patch into the parameters', () => {
    const first = applyOperations(empty, [
      { op: 'create_node', node_type_id: silenceRemoval, params_used: { threshold_db: -30 } },
    ]);
    const agent_node_id = first.created[0]?.nodeId ?? '';
    const second = applyOperations(first.graph, [
      { op: 'update_node', agent_node_id, params_used: { padding_seconds: 0.2 } },
    ]);
    expect(second.graph.nodes[0]?.parameters).toEqual({ threshold_db: -30, padding_seconds: 0.2 });
  });

  test('delete a node with its connections', () => {
    const first = applyOperations(empty, [node('in', videoInput), node('m', mirror), edge('in', 'm')]);
    const agent_node_id = first.created[1]?.nodeId ?? '';
    const { graph } = applyOperations(first.graph, [{ op: 'delete_node', agent_node_id }]);
    expect(graph).toEqual({ nodes: [first.graph.nodes[0]], connections: [] });
  });

  test('rewire by deleting a connection first', () => {
    const { graph } = applyOperations(empty, [
      ...[node('a', videoInput), node('b', videoInput), node('m', mirror), edge('a', 'm')],
      { op: 'delete_connection', source_temp_ref_id: 'a', target_temp_ref_id: 'm' },
      edge('b', 'm'),
    ]);
    expect(graph.connections).toEqual([{ source: graph.nodes[1]?.id, target: graph.nodes[2]?.id }]);
  });

  test.each<[string, Operation[], RegExp]>([
    ['a node type that is not there', [node('x', 'nope')], /operations\[0\] \(create_node\): .*no node type nope/],
    [
      'a parameter that the tile does not have',
      [{ op: 'create_node', node_type_id: silenceRemoval, params_used: { treshold: 1 } }],
      /Silence Removal.*treshold/,
    ],
    [
      'a parameter out of range',
      [{ op: 'create_node', node_type_id: silenceRemoval, params_used: { threshold_db: 20 } }],
      /threshold_db/,
    ],
    [
      'a connection into a Video Input',
      [node('m', mirror), node('in', videoInput), edge('m', 'in')],
      /into Video Input/,
    ],
    ['a node to itself', [node('m', mirror), edge('m', 'm')], /circle/],
    [
      'a circle',
      [node('a', mirror), node('b', mirror), node('c', mirror), edge('a', 'b'), edge('b', 'c'), edge('c', 'a')],
      /circle/,
    ],
    [
      'a second inbound connection',
      [node('a', videoInput), node('b', videoInput), node('m', mirror), edge('a', 'm'), edge('b', 'm')],
      /joining several is not supported/,
    ],
    [
      'the same connection twice',
      [node('a', videoInput), node('m', mirror), edge('a', 'm'), edge('a', 'm')],
      /already/,
    ],
    ['a temporary name twice', [node('a', videoInput), node('a', mirror)], /temp_ref_id "a"/],
    ['a temporary name from nowhere', [node('a', videoInput), edge('a', 'x')], /temp_ref_id "x"/],
    [
      'a connection that is not there',
      [node('a', videoInput), node('m', mirror), { ...edge('a', 'm'), op: 'delete_connection' } as Operation],
      /no connection/,
    ],
    ['a node that is not there', [{ op: 'delete_node', agent_node_id: 'gone' }], /no node gone/],
  ])('refuse %s', (_what, operations, message) => {
    expect(() => applyOperations(empty, operations)).toThrow(message);
  });

  test('keep any graph a forest of known nodes, whatever is asked for in whatever order', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        let graph = empty;
        for (const step of steps) graph = attempt(graph, step);
        const ids = new Set(graph.nodes.map(({ id }) => id));
        expect(ids.size).toBe(graph.nodes.length);
        expect(graph.connections.every(({ source, target }) => ids.has(source) && ids.has(target))).toBe(true);
        const targets = graph.connections.map(({ target }) => target);
        expect(new Set(targets).size).toBe(targets.length);
        const inputs = graph.nodes.filter(({ nodeTypeId }) => nodeTypeId === videoInput).map(({ id }) => id);
        expect(targets.some((target) => inputs.includes(target))).toBe(false);
        expect(graph.nodes.every(({ id }) => reachesRoot(graph, id))).toBe(true);
      }),
    );
  });
});

type Step = { kind: Operation['op']; a: number; b: number };
const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('create_node', 'update_node', 'delete_node', 'create_connection', 'delete_connection'),
  a: fc.nat(8),
  b: fc.nat(8),
});

/** A refused operation leaves the graph as it was. */
function attempt(graph: Graph, { kind, a, b }: Step): Graph {
  const idAt = (place: number) => graph.nodes[place % Math.max(1, graph.nodes.length)]?.id ?? 'none';
  const ends = { source_agent_node_id: idAt(a), target_agent_node_id: idAt(b) };
  const operation: Operation =
    kind === 'create_node'
      ? { op: kind, node_type_id: [videoInput, mirror, silenceRemoval][a % 3] ?? mirror }
      : kind === 'update_node'
        ? { op: kind, agent_node_id: idAt(a), params_used: {} }
        : kind === 'delete_node'
          ? { op: kind, agent_node_id: idAt(a) }
          : { op: kind, ...ends };
  try {
    return applyOperations(graph, [operation]).graph;
  } catch {
    return graph;
  }
}

function reachesRoot(graph: Graph, nodeId: string): boolean {
  let at: string | undefined = nodeId;
  for (let steps = 0; at !== undefined; steps += 1) {
    if (steps > graph.nodes.length) return false;
    at = graph.connections.find(({ target }) => target === at)?.source;
  }
  return true;
}
