import { expect, test } from 'vitest';
import { parseWire } from '../../shared/mosaic/parse.ts';
import { agentCreateSchema, agentUpdateSchema, runRequestSchema } from '../../shared/mosaic/schemas.ts';

test('an agent is created from metadata alone; a graph there is refused with what to do', () => {
  expect(parseWire(agentCreateSchema, {}, 'The request')).toEqual({});
  expect(() => parseWire(agentCreateSchema, { name: '' }, 'The request')).toThrow('name: too small');
  expect(() => parseWire(agentCreateSchema, { visibility: 'secret' }, 'The request')).toThrow(
    'visibility: expected one of "public", "private"',
  );
  expect(() => parseWire(agentCreateSchema, { nodes: [] }, 'The request')).toThrow(
    'nodes: not taken here; send `operations` to update',
  );
});

test('an update takes all five operations', () => {
  const operations = [
    { op: 'create_node', node_type_id: 't', temp_ref_id: 'a', params_used: { x: 1 } },
    { op: 'create_node', node_type_id: 't' },
    { op: 'update_node', agent_node_id: 'n', params_used: {} },
    { op: 'delete_node', agent_node_id: 'n' },
    { op: 'create_connection', source_temp_ref_id: 'a', target_agent_node_id: 'n' },
    { op: 'delete_connection', source_agent_node_id: 'n', target_temp_ref_id: 'a' },
  ];
  expect(parseWire(agentUpdateSchema, { operations }, 'The request')).toEqual({ operations });
});

test.each([
  [{}, 'body: expected at least one of name, description, visibility, operations'],
  [{ operations: [{ op: 'paint' }] }, 'operations[0].op: expected one of "create_node", "update_node", "delete_node"'],
  [{ operations: [{ op: 'create_node' }] }, 'operations[0].node_type_id: expected string, got nothing'],
  [{ operations: [{ op: 'update_node', agent_node_id: 'n' }] }, 'operations[0].params_used: expected object'],
  [
    { operations: [{ op: 'create_connection', source_agent_node_id: 'n' }] },
    'operations[0].target_agent_node_id: expected either this or target_temp_ref_id, got neither',
  ],
  [
    {
      operations: [
        { op: 'delete_connection', source_agent_node_id: 'n', source_temp_ref_id: 'a', target_agent_node_id: 'm' },
      ],
    },
    'operations[0].source_agent_node_id: expected either this or source_temp_ref_id, got both',
  ],
])('the update %j is refused', (body, message) => {
  expect(() => parseWire(agentUpdateSchema, body, 'The request')).toThrow(message);
});

test('a start takes every documented way to name its inputs', () => {
  const body = {
    video_urls: ['https://x.example/a'],
    video_ids: ['v'],
    node_render_ids: ['o'],
    mimir_assets: [{ id: 'm', artifact: 'proxy' }],
    video_inputs: [{ agent_node_id: 'n', video_urls: ['u'], input_clip_start_ms: 0, input_clip_end_ms: 5000 }],
    callback_url: 'https://x.example/hook?stage=1',
    update_params: { n: { x: 1 } },
    ignore_nodes: ['m'],
  };
  expect(parseWire(runRequestSchema, body, 'The request')).toEqual(body);
  expect(() => parseWire(runRequestSchema, { update_params: { n: 3 } }, 'The request')).toThrow('update_params.n: ');
});

test('a key that could be a link is not shown in a path', () => {
  const body = { update_params: { 'https://x.example/a?sig=SECRET': 3 } };
  expect(() => parseWire(runRequestSchema, body, 'The request')).toThrow('update_params.…: expected object');
});
