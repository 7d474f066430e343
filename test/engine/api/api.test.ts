import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineApiHandler } from '../../../functions/engine-api.ts';
import { findKey } from '../../../shared/engine/api/api-keys.ts';
import {
  agentChangedSchema,
  agentDetailSchema,
  agentListSchema,
  agentRunCancelledSchema,
  agentRunListSchema,
  agentRunNodesSchema,
  agentRunStatusSchema,
  errorBodySchema,
  nodeTypeSchema,
  nodeTypesSchema,
  runAcceptedSchema,
  whoamiSchema,
} from '../../../shared/mosaic/schemas.ts';
import { apiKey, makeAgent, nodeTypes, openWorld, type World } from '../engine-world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

describe('the API answers as the contract says', () => {
  test('whoami', async () => {
    const { status, body } = await world.call('GET', '/whoami');
    expect(status).toBe(200);
    whoamiSchema.parse(body);
  });

  test('node types, with what their parameters are', async () => {
    const { body } = await world.call('GET', '/node_types');
    const ids = nodeTypesSchema.parse(body).node_types.map(({ node_type_id }) => node_type_id);
    expect(ids).toContain(nodeTypes.silenceRemoval);
    const one = await world.call('GET', `/node_type/${nodeTypes.silenceRemoval}`);
    expect(nodeTypeSchema.parse(one.body).node_type.node_type_name).toBe('Silence Removal');
    expect(one.body.node_type.params_schema.properties).toHaveProperty('threshold_db');
  });

  test('an agent is created, changed with POST and PATCH, and read', async () => {
    const created = await world.call('POST', '/agent/create', { name: 'Mine', visibility: 'public' });
    const { agent_id } = agentChangedSchema.parse(created.body);
    const operations = [{ op: 'create_node', node_type_id: nodeTypes.mirror, temp_ref_id: 'm' }];
    const updated = await world.call('POST', `/agent/${agent_id}/update`, { operations });
    const change = agentChangedSchema.parse(updated.body);
    expect(change).toMatchObject({ operations_applied: 1, created_nodes: [{ temp_ref_id: 'm' }] });
    await world.call('PATCH', `/agent/${agent_id}/update`, { name: 'Ours' });
    const { agent, agent_nodes } = agentDetailSchema.parse((await world.call('GET', `/agent/${agent_id}`)).body);
    expect(agent).toMatchObject({ name: 'Ours', visibility: 'public' });
    expect(agent_nodes[0]).toMatchObject({ node_type: { node_type_name: 'Mirror' }, params_used: {} });
  });

  test('changes made at the same time are all kept', async () => {
    const { agent_id } = (await world.call('POST', '/agent/create')).body;
    const operations = [{ op: 'create_node', node_type_id: nodeTypes.mirror }];
    await Promise.all([1, 2, 3].map(() => world.call('POST', `/agent/${agent_id}/update`, { operations })));
    expect((await world.call('GET', `/agent/${agent_id}`)).body.agent_nodes).toHaveLength(3);
  });

  test('agents are listed page by page, newest first, each once', async () => {
    for (let made = 0; made < 3; made += 1) await world.call('POST', '/agent/create', { name: `listed ${made}` });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = agentListSchema.parse((await world.call('GET', `/agents?limit=2${query}`)).body);
      expect(page.agents.length).toBeLessThanOrEqual(2);
      seen.push(...page.agents.map(({ name }) => String(name)));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen.filter((name) => name.startsWith('listed')).toSorted()).toEqual(['listed 0', 'listed 1', 'listed 2']);
  });

  test('a run: accepted, read, its nodes, listed, cancelled', async () => {
    const { agentId, nodeIds } = await makeAgent(world);
    const video = await world.upload('a.mp4', 'video');
    const started = await world.call('POST', `/agent/${agentId}/run`, { video_urls: [video] });
    const { run_id } = runAcceptedSchema.parse(started.body);

    const before = agentRunStatusSchema.parse((await world.call('GET', `/agent_run/${run_id}`)).body);
    const counts = { completed: 0, in_progress: 2, failed: 0 };
    expect(before).toMatchObject({ status: 'running', agent_id: agentId, progress: 0, node_status_counts: counts });
    const { nodes } = agentRunNodesSchema.parse((await world.call('GET', `/agent_run/${run_id}/nodes`)).body);
    expect(nodes.map(({ original_node_id, status }) => [original_node_id, status])).toEqual([
      [nodeIds[0], 'queued'],
      [nodeIds[1], 'queued'],
    ]);
    const { runs } = agentRunListSchema.parse((await world.call('GET', `/agent/${agentId}/runs`)).body);
    expect(runs).toMatchObject([{ run_id, status: 'running' }]);

    const cancelled = await world.call('POST', `/agent_run/${run_id}/cancel`);
    expect(agentRunCancelledSchema.parse(cancelled.body)).toMatchObject({ tasks_cancelled: 1, nodes_reset: 2 });
    const after = agentRunStatusSchema.parse((await world.call('GET', `/agent_run/${run_id}`)).body);
    expect(after).toMatchObject({ status: 'cancelled', outputs: [] });
    await world.drain();
    expect((await world.call('GET', `/agent_run/${run_id}`)).body.outputs).toEqual([]);
  });

  test("an agent's runs can be asked for by status, time and page", async () => {
    const { agentId } = await makeAgent(world);
    const video = await world.upload('a.mp4', 'video');
    const ids: string[] = [];
    for (let started = 0; started < 3; started += 1)
      ids.push((await world.call('POST', `/agent/${agentId}/run`, { video_urls: [video] })).body.run_id);
    await world.call('POST', `/agent_run/${ids[1]}/cancel`);
    const list = async (query: string) =>
      agentRunListSchema.parse((await world.call('GET', `/agent/${agentId}/runs?${query}`)).body);
    const idsOf = (page: { runs: { run_id: string }[] }) => page.runs.map(({ run_id }) => run_id).toSorted();

    expect(idsOf(await list('status=cancelled,failed'))).toEqual([ids[1]]);
    expect(idsOf(await list('status=running'))).toEqual([ids[0], ids[2]].toSorted());
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.next_cursor}`);
    expect([...idsOf(first), ...idsOf(second)].toSorted()).toEqual(ids.toSorted());
    expect(second.next_cursor).toBeNull();
    expect(idsOf(await list('from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z'))).toEqual([]);
    expect(idsOf(await list('from=2020-01-01T00:00:00Z'))).toHaveLength(3);
    expect(idsOf(await list('to=2020-01-01T00:00:00Z'))).toEqual([]);
    await world.drain();
  });
});

describe('the API refuses', () => {
  const someone = '11111111-1111-4111-8111-111111111111';

  test.each<[string, string, string, unknown, number, RegExp]>([
    ['a path that is not there', 'GET', '/nothing', undefined, 404, /nothing at this path/],
    ['an agent that is not there', 'GET', `/agent/${someone}`, undefined, 404, /Agent not found/],
    ['a start of it', 'POST', `/agent/${someone}/run`, {}, 404, /Agent not found/],
    ['its runs', 'GET', `/agent/${someone}/runs`, undefined, 404, /Agent not found/],
    ['a change of it', 'POST', `/agent/${someone}/update`, { name: 'x' }, 404, /Agent not found/],
    ['a run that is not there', 'GET', `/agent_run/${someone}`, undefined, 404, /run not found/],
    ['its nodes', 'GET', `/agent_run/${someone}/nodes`, undefined, 404, /run not found/],
    ['its cancelling', 'POST', `/agent_run/${someone}/cancel`, undefined, 404, /run not found/],
    ['a node type that is not there', 'GET', `/node_type/${someone}`, undefined, 404, /Node type not found/],
    ['what is not JSON', 'POST', '/agent/create', '{', 400, /not JSON/],
    ['a graph at creation', 'POST', '/agent/create', { nodes: [] }, 400, /nodes/],
    ['a name that is too long', 'POST', '/agent/create', { name: 'x'.repeat(121) }, 400, /name/],
    ['a change of nothing', 'POST', `/agent/${someone}/update`, {}, 400, /at least one of/],
    ['a page of no size', 'GET', '/agents?limit=0', undefined, 400, /limit/],
    ['a made-up cursor', 'GET', '/agents?cursor=abc', undefined, 400, /cursor/],
  ])('%s', async (_what, method, path, body, status, detail) => {
    const reply = await world.call(method, path, body);
    expect(reply.status).toBe(status);
    expect(errorBodySchema.parse(reply.body)).toMatchObject({
      detail: expect.stringMatching(detail),
      error: expect.any(String),
    });
  });

  test.each([
    ['no key', {}],
    ['another key', { authorization: 'Bearer mk_wrong_0123456789abcdef' }],
    ['a key that is none', { authorization: 'Bearer hello' }],
    ['another scheme', { authorization: `Basic ${apiKey}` }],
  ])('%s', async (_what, headers) => {
    for (const path of ['/whoami', '/nothing']) {
      const reply = await fetch(world.baseUrl + path, { headers: headers as Record<string, string> });
      expect(reply.status).toBe(401);
      expect(errorBodySchema.parse(await reply.json()).error).toBe('invalid_api_key');
    }
  });

  test('a run to be resumed or cancelled that is in no state for it', async () => {
    const { agentId } = await makeAgent(world);
    const started = await world.call('POST', `/agent/${agentId}/run`, {
      video_urls: [await world.upload('a', 'video')],
    });
    const reply = await world.call('POST', `/agent_run/${started.body.run_id}/resume`);
    expect(reply).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/is running; only one that failed or was cancelled/) },
    });
    await world.drain();
    const late = await world.call('POST', `/agent_run/${started.body.run_id}/cancel`);
    expect(late).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/ended already \(completed\)/) } });
  });

  test('nothing to the key that older clients send in X-API-Key', async () => {
    const reply = await fetch(`${world.baseUrl}/whoami`, { headers: { 'x-api-key': apiKey } });
    expect(reply.status).toBe(200);
  });
});

test('the key of the deploy works from its first use, and only its hash is kept', async () => {
  const table = world.platform.table('keys');
  const first = 'mk_first_0123456789abcdef';
  const found = await findKey(table, first, async () => first);
  expect(found).toBeDefined();
  expect(await findKey(table, first)).toEqual(found);
  expect(await findKey(table, 'mk_other_0123456789abcdef', async () => first)).toBeUndefined();
});

test('the same routes answer behind API Gateway, also when it sends the body as base64', async () => {
  const body = Buffer.from(JSON.stringify({ name: 'From Lambda' })).toString('base64');
  const http = { method: 'POST', path: '/agent/create', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: '' };
  const event = {
    ...{
      version: '2.0',
      routeKey: '$default',
      rawPath: '/agent/create',
      rawQueryString: '',
      isBase64Encoded: true,
      body,
    },
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', host: 'api.example.com' },
    requestContext: { http, stage: '$default', domainName: 'api.example.com' },
  };
  const reply = await engineApiHandler(world.deps)(event, {} as Context, () => {});
  expect(reply.statusCode).toBe(200);
  agentChangedSchema.parse(JSON.parse(reply.body));
});

// The server closes the connection rather than read the rest, so no request may come after this one.
test('a body that is too large is refused', async () => {
  const reply = await world.call('POST', '/agent/create', { description: 'x'.repeat(300_000) });
  expect(reply).toMatchObject({ status: 413, body: { detail: expect.stringMatching(/bytes/) } });
});
