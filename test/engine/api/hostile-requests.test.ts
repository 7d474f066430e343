import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Agent } from '../../../shared/engine/agents/agent.ts';
import { writeAgent } from '../../../shared/engine/agents/agent-items.ts';
import { errorBodySchema } from '../../../shared/mosaic/schemas.ts';
import { makeAgent, nodeTypes, openWorld, type World } from '../engine-world.ts';

let world: World;
let agentId: string;
let nodeId: string;
let inputNodeId: string;
let video: string;
beforeAll(async () => {
  world = await openWorld();
  const made = await makeAgent(world, [nodeTypes.reframe]);
  agentId = made.agentId;
  [inputNodeId = '', nodeId = ''] = made.nodeIds;
  video = await world.upload('a.mp4', 'video');
});
afterAll(() => world.close());

const awkward = fc.constantFrom(
  ...['__proto__', 'constructor', 'toString', '..', '%00', '%2F', '%ff', '%', '\u0000', '\ud800', '☃', 'NaN', '1e999'],
  ...['', ' ', "'; --", '%s', 'file:///etc/passwd', 'https://127.0.0.1/', 'https://[::1]/', 'x'.repeat(3000)],
);
const names = fc.constantFrom(
  ...['name', 'description', 'visibility', 'operations', 'op', 'node_type_id', 'agent_node_id', 'temp_ref_id'],
  ...['video_ids', 'mimir_assets', 'input_clip_start_ms'],
  ...['params_used', 'video_urls', 'video_inputs', 'node_render_ids', 'callback_url', 'update_params', 'ignore_nodes'],
  ...[
    'create_node',
    'update_node',
    'delete_node',
    'create_connection',
    'delete_connection',
    '__proto__',
    'constructor',
  ],
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    ...[awkward, names, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('a', 'b')],
    fc.oneof(
      ...[() => video, () => agentId, () => nodeId, () => nodeTypes.mirror].map((text) => fc.constant(0).map(text)),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(names, awkward), tie('value'), { maxKeys: 5 }),
  ),
}));

const id = fc.oneof(
  fc.constant(0).map(() => agentId),
  awkward.map((text) => new URLSearchParams([['', text]]).toString().slice(1)),
  fc.constantFrom('%', '%2e%2e', '%ff', '.', 'create'),
);
const path = fc
  .tuple(
    fc.constantFrom(
      '/whoami',
      '/agents',
      '/node_types',
      '/node_type/:',
      '/agent/create',
      '/agent/:',
      '/agent/:/update',
    ),
    fc.constantFrom(
      ...['', '/agent/:/run', '/agent/:/runs', '/agent_run/:', '/agent_run/:/nodes', '/agent_run/:/cancel'],
      '/agent_run/:/resume',
    ),
    id,
    fc.dictionary(fc.constantFrom('limit', 'cursor', 'status', 'from', 'to'), awkward, { maxKeys: 3 }),
  )
  .map(([some, other, text, query]) => {
    const asked = new URLSearchParams(query as Record<string, string>);
    return `${(other || some).replace(':', text)}?${asked}`;
  });
const body = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(names, value, { maxKeys: 4 }).map((object) => JSON.stringify(object)) },
  { weight: 1, arbitrary: value.map((any) => JSON.stringify(any)) },
  { weight: 1, arbitrary: fc.constantFrom('', '{', '{"a":1e999}', '[[', 'null', '{"__proto__":{"name":1}}') },
);
const headers = fc.record(
  {
    'idempotency-key': fc.constantFrom('k', 'x'.repeat(300), '__proto__'),
    'content-type': fc.constantFrom('text/xml'),
  },
  { requiredKeys: [] },
);

test('whatever is asked, the answer is JSON with a known status, and an error says what is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'),
      path,
      body,
      headers,
      async (method, ...asked) => {
        const [where, text, more] = asked;
        const { status, body: answer } = await world.call(method, where, method === 'GET' ? undefined : text, more);
        expect([200, 400, 404, 409, 413, 422]).toContain(status);
        if (status === 200) return;
        const { detail, error } = errorBodySchema.parse(answer);
        expect(error).toMatch(/^[a-z_]+$/);
        expect(detail).not.toMatch(/\.ts:|node_modules|TypeError|undefined/);
      },
    ),
    { numRuns: 400 },
  );
  expect(world.lines.filter(({ event }) => event === 'request.failed')).toEqual([]);
});

const videos = fc.array(
  fc.constant(0).map(() => video),
  { minLength: 1, maxLength: 3 },
);
const videoInput = fc.record(
  {
    agent_node_id: fc.oneof(
      fc.constant(0).map(() => inputNodeId),
      awkward,
    ),
    video_urls: fc.oneof({ weight: 3, arbitrary: videos }, value),
    node_render_ids: fc.oneof(fc.array(awkward), value),
  },
  { requiredKeys: [] },
);
const inputs = fc.record(
  {
    video_urls: fc.oneof({ weight: 3, arbitrary: videos }, fc.array(fc.oneof(awkward, videos)), value),
    node_render_ids: fc.oneof(fc.array(fc.oneof(awkward, fc.uuid())), value),
    video_inputs: fc.oneof(fc.array(videoInput, { maxLength: 3 }), value),
  },
  { requiredKeys: [] },
);

test('whatever inputs a start names, in whichever forms, it is begun or refused with the reason', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(inputs, async (asked) => {
      const { status, body: answer } = await world.call('POST', `/agent/${agentId}/run`, asked);
      statuses.add(status);
      if (status === 200) expect(answer.run_id).toMatch(/^[0-9a-f-]{36}$/);
      else expect([400, 413]).toContain(status);
      if (status !== 200) expect(errorBodySchema.parse(answer).detail).not.toMatch(/\.ts:|TypeError|undefined/);
    }),
    { numRuns: 300 },
  );
  expect([...statuses].sort()).toEqual([200, 400]);
  expect(world.lines.filter(({ event }) => event === 'request.failed')).toEqual([]);
});

test('JSON that is nested without end is refused, wherever it stands', async () => {
  const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
  const start = `{"video_urls":["${video}"],"note":${deep}}`;
  const reply = await world.call('POST', `/agent/${agentId}/run`, start, { 'idempotency-key': 'deep' });
  expect([reply.status, reply.body.error]).toEqual([400, 'validation_error']);
});

test('an id that no store could keep is one that does not exist', async () => {
  for (const text of ['%00', 'x'.repeat(3000), '%2Fetc', '%F0%9F%98%80'])
    for (const path of [`/agent/${text}`, `/agent/${text}/runs`, `/agent_run/${text}`, `/agent_run/${text}/nodes`])
      expect((await world.call('GET', path)).status).toBe(404);
});

test.each([
  ['https://127.0.0.1/hook', /not public/],
  ['https://[::ffff:10.0.0.1]/hook', /not public/],
  ['https://169.254.169.254/latest/meta-data', /not public/],
  ['https://0x7f.1/', /not public/],
  ['https://me:secret@example.com/hook', /user name/],
  ['file:///etc/passwd', /only https/],
])('a callback to %s is refused at the start, not silently never sent', async (callback_url, reason) => {
  const { status, body } = await world.call('POST', `/agent/${agentId}/run`, { video_urls: [video], callback_url });
  expect([status, body.detail]).toEqual([400, expect.stringMatching(reason)]);
  expect(body.detail).not.toContain('secret');
});

test('a list goes on where large entries end a page of the table early', async () => {
  const large = (place: number): Agent => ({
    ...{ id: `large-${place}`, name: 'large', description: '', visibility: 'private', version: 1, connections: [] },
    ...{ createdAt: `2030-01-01T00:00:0${place}.000Z`, updatedAt: '2030-01-01T00:00:00.000Z' },
    nodes: [{ id: 'n', nodeTypeId: nodeTypes.mirror, parameters: { long: 'x'.repeat(300_000) } }],
  });
  for (let place = 0; place < 6; place += 1) await writeAgent(world.deps.table, large(place));
  const first = (await world.call('GET', '/agents?limit=5')).body;
  expect(first.agents.map((agent: { id: string }) => agent.id)).toEqual([5, 4, 3, 2, 1].map((n) => `large-${n}`));
  const second = (await world.call('GET', `/agents?limit=5&cursor=${first.next_cursor}`)).body;
  expect(second.agents[0].id).toBe('large-0');
});
