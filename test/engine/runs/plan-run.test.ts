import { describe, expect, test } from 'vitest';
import type { Connection, Graph } from '../../../shared/engine/agents/agent.ts';
import { planRun } from '../../../shared/engine/runs/plan-run.ts';
import { nodeTypes } from '../engine-world.ts';

const link = 'https://videos.example.com/a.mp4';
const { videoInput, silenceRemoval, mirror } = nodeTypes;

describe('the plan of a run', () => {
  test('has one render for each video and each end of the agent', () => {
    const forked = graph({ in: videoInput, cut: silenceRemoval, left: mirror, right: mirror }, [
      ['in', 'cut'],
      ['cut', 'left'],
      ['cut', 'right'],
    ]);
    const { renders } = planRun(forked, { video_urls: [link, `${link}?b`] });
    expect(renders).toEqual([
      { inputIndex: 0, path: ['in', 'cut', 'left'] },
      { inputIndex: 1, path: ['in', 'cut', 'left'] },
      { inputIndex: 0, path: ['in', 'cut', 'right'] },
      { inputIndex: 1, path: ['in', 'cut', 'right'] },
    ]);
  });

  test('takes parameters of this run alone, over those of the agent', () => {
    const { nodes } = planRun(line(), { video_urls: [link], update_params: { cut: { padding_seconds: 0.3 } } });
    expect(nodes.find(({ originalId }) => originalId === 'cut')?.parameters).toEqual({ padding_seconds: 0.3 });
  });

  test('leads past ignored nodes', () => {
    const { renders, nodes } = planRun(line(), { video_urls: [link], ignore_nodes: ['cut', 'cut'] });
    expect(renders).toEqual([{ inputIndex: 0, path: ['in', 'flip'] }]);
    expect(nodes.map(({ originalId }) => originalId)).toEqual(['in', 'flip']);
  });

  test('leaves out what is not connected', () => {
    const { nodes } = planRun(
      graph({ in: videoInput, flip: mirror, alone: mirror, spare: videoInput }, [['in', 'flip']]),
      {
        video_urls: [link],
      },
    );
    expect(nodes.map(({ originalId }) => originalId)).toEqual(['in', 'flip']);
  });

  test('gives each Video Input its own videos', () => {
    const video_inputs = [
      { agent_node_id: 'b', video_urls: [link] },
      { agent_node_id: 'a', node_render_ids: ['render'] },
    ];
    const { renders, videos } = planRun(twoInputs(), { video_inputs });
    expect(videos.map(({ nodeId, kind }) => [nodeId, kind])).toEqual([
      ['b', 'link'],
      ['a', 'render'],
    ]);
    expect(renders).toEqual([
      { inputIndex: 1, path: ['a', 'flip-a'] },
      { inputIndex: 0, path: ['b', 'flip-b'] },
    ]);
  });

  test.each([
    ['no video at all', line(), {}, /no video/],
    ['video_ids, by name', line(), { video_ids: ['x'] }, /video_ids is not supported/],
    ['mimir_assets, by name', line(), { mimir_assets: [{ id: 'x' }] }, /mimir_assets is not supported/],
    ['what is no link', line(), { video_urls: ['file:///etc/passwd'] }, /https link/],
    ['YouTube, by name', line(), { video_urls: ['https://www.youtube.com/watch?v=x'] }, /YouTube/],
    [
      'a clip of the input, by name',
      line(),
      { video_inputs: [{ agent_node_id: 'in', video_urls: [link], input_clip_start_ms: 5 }] },
      /input_clip_start_ms/,
    ],
    ['the shorthand where there are two Video Inputs', twoInputs(), { video_urls: [link] }, /2 Video Inputs/],
    [
      'a Video Input left without videos',
      twoInputs(),
      { video_inputs: [{ agent_node_id: 'a', video_urls: [link] }] },
      /no entry for Video Input b/,
    ],
    [
      'both forms at once',
      line(),
      { video_urls: [link], video_inputs: [{ agent_node_id: 'in', video_urls: [link] }] },
      /not both/,
    ],
    [
      'parameters for a node that is not there',
      line(),
      { video_urls: [link], update_params: { x: {} } },
      /names node x/,
    ],
    ['a parameter that is not there', line(), { video_urls: [link], update_params: { cut: { volume: 1 } } }, /volume/],
    ['ignoring a node that is not there', line(), { video_urls: [link], ignore_nodes: ['x'] }, /names node x/],
    ['ignoring every tile', line(), { video_urls: [link], ignore_nodes: ['cut', 'flip'] }, /nothing to run/],
    ['an empty agent', graph({}, []), { video_urls: [link] }, /nothing to run/],
    ['too many videos', line(), { video_urls: Array(21).fill(link) }, /at most 20 videos/],
  ])('refuses %s', (_what, agent, request, message) => {
    expect(() => planRun(agent, request)).toThrow(message);
  });
});

function graph(nodes: Record<string, string>, connections: [string, string][]): Graph {
  return {
    nodes: Object.entries(nodes).map(([id, nodeTypeId]) => ({ id, nodeTypeId, parameters: {} })),
    connections: connections.map(([source, target]): Connection => ({ source, target })),
  };
}

function line(): Graph {
  return graph({ in: videoInput, cut: silenceRemoval, flip: mirror }, [
    ['in', 'cut'],
    ['cut', 'flip'],
  ]);
}

function twoInputs(): Graph {
  return graph({ a: videoInput, b: videoInput, 'flip-a': mirror, 'flip-b': mirror }, [
    ['a', 'flip-a'],
    ['b', 'flip-b'],
  ]);
}
