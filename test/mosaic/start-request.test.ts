import { expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { StartRequest } from '../../shared/mosaic/mosaic.ts';
import { runRequestSchema } from '../../shared/mosaic/schemas.ts';
import { apiServer, hangUp, json, mosaicErrorOf } from './api-server.ts';

const callbackUrl = 'https://us.example/webhook/1';
const key = { idempotencyKey: 'attempt-1' };

test.each<[Omit<StartRequest, 'callbackUrl'>, object]>([
  [{ videoUrls: ['u', 'v'] }, { video_urls: ['u', 'v'] }],
  [{ nodeRenderIds: ['o'] }, { node_render_ids: ['o'] }],
  [
    {
      videoInputs: [
        { agentNodeId: 'a', videoUrls: ['u'] },
        { agentNodeId: 'b', nodeRenderIds: ['o'] },
      ],
    },
    {
      video_inputs: [
        { agent_node_id: 'a', video_urls: ['u'] },
        { agent_node_id: 'b', node_render_ids: ['o'] },
      ],
    },
  ],
])('a start of %j is sent in the wire’s words', async (inputs, body) => {
  const server = await apiServer(json(200, { run_id: 'r' }));
  await server.client().startAgentRun('a', { ...inputs, callbackUrl }, key);
  const sent = JSON.parse(server.asked[0]?.body ?? '');
  expect(sent).toEqual({ ...body, callback_url: callbackUrl });
  expect(runRequestSchema.parse(sent)).toEqual(sent);
});

test.each<[Omit<StartRequest, 'callbackUrl'>, string]>([
  [{}, 'this one has none'],
  [{ videoUrls: ['u'], nodeRenderIds: ['o'] }, 'this one has videoUrls and nodeRenderIds'],
  [{ videoUrls: ['u'], videoInputs: [{ agentNodeId: 'a', videoUrls: ['u'] }] }, 'videoUrls and videoInputs'],
  [{ videoUrls: [] }, 'an empty list of videoUrls'],
  [{ nodeRenderIds: [] }, 'an empty list of nodeRenderIds'],
  [{ videoInputs: [] }, 'an empty list of videoInputs'],
  [{ videoInputs: [{ agentNodeId: 'a' }] }, 'at least one of videoUrls and nodeRenderIds'],
  [{ videoInputs: [{ agentNodeId: '', videoUrls: ['u'] }] }, 'needs an agentNodeId'],
])('a start of %j is refused before anything is sent', async (inputs, problem) => {
  const server = await apiServer(json(200, { run_id: 'r' }));
  const error = await server
    .client()
    .startAgentRun('a', { ...inputs, callbackUrl }, key)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(InvalidInput);
  expect(error.message).toContain(problem);
  expect(server.asked).toEqual([]);
});

test.each([
  [409, { detail: 'A completed run cannot be resumed' }, 'conflict', false],
  [402, { detail: 'Pay first' }, 'credits', false],
  [403, { detail: 'Insufficient credits' }, 'credits', false],
  [403, { error: 'insufficient_credits' }, 'credits', false],
  [404, { detail: 'Run not found' }, 'not-found', false],
  [500, { detail: 'Oops' }, 'server', true],
] as const)('a resume answered %i %j is of kind %s, and is not repeated', async (status, body, kind, ambiguous) => {
  const server = await apiServer(json(status, body));
  const error = await mosaicErrorOf(server.client().resumeAgentRun('r'));
  expect(error).toMatchObject({ kind, status, ambiguous });
  expect(server.asked).toHaveLength(1);
});

test('a resume whose answer never came is not sent again: it may have begun to cost', async () => {
  const server = await apiServer(hangUp, json(200, { success: true }));
  expect(await mosaicErrorOf(server.client().resumeAgentRun('r'))).toMatchObject({ kind: 'network', ambiguous: true });
  expect(server.asked).toHaveLength(1);
});
