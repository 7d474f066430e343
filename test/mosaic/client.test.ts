import { expect, test } from 'vitest';
import { apiKey, apiServer, json } from './api-server.ts';

const run = {
  agent_id: 'agent-1',
  started_at: '2026-01-01T00:00:00Z',
  status: 'completed',
  status_message: null,
  needs_credits: false,
  errors: [{ original_node_id: null, messages: ['no speech found'] }],
  node_status_counts: { completed: 3, in_progress: 0, failed: 1 },
  inputs: [],
  outputs: [
    {
      id: 'output-1',
      video_url: 'https://storage.example/a.mp4?sig=1',
      thumbnail_url: null,
      premiere_prproj_url: null,
      completed_at: '2026-01-01T00:01:00Z',
      original_node_id: 'node-1',
    },
  ],
};

test('a start sends links, callback, parameters and an idempotency key', async () => {
  const server = await apiServer(json(200, { run_id: 'run-1' }));
  const started = await server.client().startAgentRun(
    'agent/1',
    {
      videoUrls: ['https://in.example/a.mp4?sig=1'],
      callbackUrl: 'https://us.example/webhook/1',
      updateParams: { 'node-1': { ratio: '9:16' } },
    },
    { idempotencyKey: 'attempt-1' },
  );
  expect(started).toEqual({ agentRunId: 'run-1' });
  expect(server.asked).toHaveLength(1);
  const [ask] = server.asked;
  expect(ask).toMatchObject({ method: 'POST', url: '/agent/agent%2F1/run' });
  expect(ask?.headers).toMatchObject({
    authorization: `Bearer ${apiKey}`,
    'idempotency-key': 'attempt-1',
    'content-type': 'application/json',
  });
  expect(JSON.parse(ask?.body ?? '')).toEqual({
    video_urls: ['https://in.example/a.mp4?sig=1'],
    callback_url: 'https://us.example/webhook/1',
    update_params: { 'node-1': { ratio: '9:16' } },
  });
});

test.each([{ run_id: 'r' }, { id: 'r' }, { agent_run_id: 'r', project_id: 'p' }])(
  'the started run is found in %j',
  async (body) => {
    const server = await apiServer(json(201, body));
    const started = server.client().startAgentRun('a', { videoUrls: ['u'], callbackUrl: '' }, { idempotencyKey: 'k' });
    expect(await started).toEqual({ agentRunId: 'r' });
  },
);

test('an agent run is read into our words', async () => {
  const server = await apiServer(json(200, { ...run, progress: 0.5 }));
  expect(await server.client().getAgentRun('run-1')).toEqual({
    agentRunId: 'run-1',
    agentId: 'agent-1',
    status: 'completed',
    statusMessage: undefined,
    needsCredits: false,
    progress: 0.5,
    nodeStatusCounts: { completed: 3, inProgress: 0, failed: 1 },
    errors: [{ nodeId: undefined, messages: ['no speech found'] }],
    outputs: [
      {
        id: 'output-1',
        videoUrl: 'https://storage.example/a.mp4?sig=1',
        thumbnailUrl: undefined,
        projectUrl: undefined,
        completedAt: '2026-01-01T00:01:00Z',
        nodeId: 'node-1',
      },
    ],
    startedAt: '2026-01-01T00:00:00Z',
  });
});

test('an older server may leave out what came later, and spell needs_credits its way', async () => {
  const old = { agent_id: 'agent-1', status: 'failed', needsCredits: true };
  const report = await (await apiServer(json(200, old))).client().getAgentRun('run-1');
  expect(report).toMatchObject({ needsCredits: true, errors: [], outputs: [], progress: undefined });
  expect(report.nodeStatusCounts).toEqual({ completed: 0, inProgress: 0, failed: 0 });
});

test.each([
  ['an object', { runs: [{ run_id: 'r', agent_id: 'a', status: 'running' }], next_cursor: 'more' }, 'more'],
  ['entries with id', { runs: [{ id: 'r', agent_id: 'a', status: 'running' }], next_cursor: null }, undefined],
  ['an array', [{ id: 'r', agent_id: 'a', status: 'running' }], undefined],
])('runs are listed from %s', async (_name, body, next) => {
  const server = await apiServer(json(200, body));
  const page = await server.client().listAgentRuns('a', { from: new Date(0), limit: 100, cursor: 'c' });
  expect(page).toEqual({ runs: [{ agentRunId: 'r', agentId: 'a', status: 'running', startedAt: undefined }], next });
  expect(server.asked[0]?.url).toBe('/agent/a/runs?limit=100&cursor=c&from=1970-01-01T00%3A00%3A00.000Z');
});

test('a graph is built with operations in the wire’s words', async () => {
  const answer = { success: true, agent_id: 'a', operations_applied: 5, created_nodes: [{ agent_node_id: 'n' }] };
  const server = await apiServer(json(200, answer));
  const changed = await server.client().updateAgent('a', {
    name: 'Tighten',
    operations: [
      { op: 'create_node', nodeTypeId: 't', tempRefId: 'in', params: { x: 1 } },
      { op: 'update_node', agentNodeId: 'n', params: { y: 2 } },
      { op: 'delete_node', agentNodeId: 'm' },
      { op: 'create_connection', source: { tempRefId: 'in' }, target: { agentNodeId: 'n' } },
      { op: 'delete_connection', source: { agentNodeId: 'n' }, target: { tempRefId: 'in' } },
    ],
  });
  expect(changed.createdNodes).toEqual([{ tempRefId: undefined, agentNodeId: 'n' }]);
  expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
    name: 'Tighten',
    operations: [
      { op: 'create_node', node_type_id: 't', temp_ref_id: 'in', params_used: { x: 1 } },
      { op: 'update_node', agent_node_id: 'n', params_used: { y: 2 } },
      { op: 'delete_node', agent_node_id: 'm' },
      { op: 'create_connection', source_temp_ref_id: 'in', target_agent_node_id: 'n' },
      { op: 'delete_connection', source_agent_node_id: 'n', target_temp_ref_id: 'in' },
    ],
  });
});

test('the other calls ask where they should', async () => {
  const type = { node_type_id: 't', node_type_name: 'Mirror', docs_url: null, params_docs_url: null };
  const server = await apiServer(
    json(200, { organization_id: 'o', created_at: 'x' }),
    json(200, { node_types: [type] }),
    json(200, { node_type: type }),
    json(200, { success: true, agent_id: 'a' }),
    json(200, { agents: [{ id: 'a', name: 'A' }], next_cursor: null }),
    json(200, {
      agent: { id: 'a', name: 'A', description: null },
      agent_nodes: [{ agent_node_id: 'n', node_type: type, params_used: null }],
      connections: [{ source_agent_node_id: 'n', target_agent_node_id: 'm' }],
    }),
    json(200, { nodes: [{ agent_node_id: 'c', original_node_id: 'n', status: 'queued' }] }),
    json(200, { success: true }),
  );
  const client = server.client({ baseUrl: `${server.baseUrl}/` });
  expect(await client.whoami()).toMatchObject({ organizationId: 'o' });
  expect(await client.listNodeTypes()).toEqual([{ nodeTypeId: 't', name: 'Mirror', docsUrl: undefined }]);
  expect((await client.getNodeType('t')).name).toBe('Mirror');
  expect(await client.createAgent({ name: 'A' })).toMatchObject({ agentId: 'a', createdNodes: [] });
  expect((await client.listAgents({ limit: 2 })).agents[0]).toEqual({ agentId: 'a', name: 'A', description: '' });
  const agent = await client.getAgent('a');
  expect(agent.nodes).toEqual([{ agentNodeId: 'n', nodeTypeId: 't', nodeTypeName: 'Mirror', params: {} }]);
  expect(agent.connections).toEqual([{ sourceNodeId: 'n', targetNodeId: 'm' }]);
  expect((await client.listAgentRunNodes('r'))[0]).toMatchObject({ nodeId: 'n', status: 'queued', errors: [] });
  await client.cancelAgentRun('r');
  await client.resumeAgentRun('r');
  expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /whoami',
    'GET /node_types',
    'GET /node_type/t',
    'POST /agent/create',
    'GET /agents?limit=2',
    'GET /agent/a',
    'GET /agent_run/r/nodes',
    'POST /agent_run/r/cancel',
    'POST /agent_run/r/resume',
  ]);
});

test('no connection is kept for the next call, which might find it dead', async () => {
  const server = await apiServer(json(200, {}));
  await server.client().whoami();
  expect(server.asked[0]?.headers.connection).toBe('close');
});
