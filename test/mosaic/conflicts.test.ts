import { expect, test } from 'vitest';
import { runFinishedSchema } from '../../shared/mosaic/schemas.ts';
import { parseWebhook } from '../../shared/mosaic/webhook.ts';
import { apiServer, json, mosaicErrorOf } from './api-server.ts';

/*
 * Where the documentation of several years disagrees, both are read. Each test is named for what they disagree about;
 * further ones stand where the thing itself is tested: statuses in client-failures, headers in receive-webhook.
 */

test.each([
  [{ detail: 'Agent not found' }, 'Agent not found'],
  [{ detail: 'Agent not found', error: 'not_found' }, 'Agent not found'],
  [{ error: 'not_found' }, 'not_found'],
  [{ message: 'Not Found' }, 'Not Found'],
  [{ error: { code: 'not_found', message: 'Agent not found' } }, 'Agent not found'],
  [{ detail: [{ loc: ['body', 'x'], msg: 'field required' }, { msg: 'too long' }] }, 'field required; too long'],
])('the body of an error: %j', async (body, words) => {
  const server = await apiServer(json(404, body));
  expect(await mosaicErrorOf(server.client().getAgent('a'))).toMatchObject({
    kind: 'not-found',
    message: expect.stringContaining(`answered 404: ${words}.`),
  });
});

test.each([
  [403, { error: 'insufficient_credits' }, 'credits'],
  [403, { code: 'insufficient_credits', detail: 'No' }, 'credits'],
  [400, { error: { code: 'insufficient_credits' } }, 'credits'],
  [402, {}, 'credits'],
  [403, { code: 'concurrent_agent_limit' }, 'concurrency'],
  [429, { error: 'rate_limit' }, 'rate-limited'],
  [422, { error: 'parameter_out_of_range' }, 'unprocessable'],
  [413, { detail: 'Too long' }, 'too-large'],
  [403, { detail: 'No access' }, 'forbidden'],
] as const)('the status and code of an error: %i %j', async (status, body, kind) => {
  const server = await apiServer(json(status, body));
  expect(await mosaicErrorOf(server.client().resumeAgentRun('r'))).toMatchObject({ kind, status });
});

const output = { id: 'o', video_url: 'https://x.example/o' };

test.each([
  ['without needs_credits, errors and premiere_prproj_url', { outputs: [output] }, false],
  ['with needs_credits', { outputs: [output], needs_credits: true, errors: [] }, true],
  ['with needsCredits', { outputs: [output], needsCredits: true }, true],
  ['with sources of an output', { outputs: [{ ...output, sources: [{ provider: 'getty' }] }] }, false],
  ['without ids of inputs', { outputs: [output], inputs: [{ video_id: 'v' }] }, false],
])('the state of a run, %s', async (_what, more, needsCredits) => {
  const server = await apiServer(json(200, { agent_id: 'a', status: 'completed', ...more }));
  const report = await server.client().getAgentRun('r');
  expect(report).toMatchObject({ needsCredits, errors: [], outputs: [{ id: 'o', projectUrl: undefined }] });
});

test.each(['completed', 'partial_complete', 'failed', 'cancelled'])('the end of a run: %s', (status) => {
  expect(parseWebhook({ flag: 'RUN_FINISHED', run_id: 'r', status })).toMatchObject({ status });
  expect(runFinishedSchema.shape.status.parse(status)).toBe(status);
});

test.each([
  ['nobody', null],
  ['a channel', { type: 'youtube', channel_id: 'UC1', video_url: 'https://youtu.be/x', trigger_id: 't' }],
  ['a plan', { type: 'schedule', scheduled_at: 'x', schedule_id: 's', cron_expression: '* * * * *' }],
  ['a person', { type: 'manual', source: 'ui', user_id: 'u', triggered_at: 'x' }],
  ['a bare id', { trigger_id: 't' }],
])('who began a run: %s', (_who, triggered_by) => {
  const event = parseWebhook({ flag: 'RUN_STARTED', run_id: 'r', triggered_by });
  expect(event).toMatchObject({ flag: 'RUN_STARTED', agentRunId: 'r' });
  expect(JSON.stringify(event)).not.toContain('trigger');
});

test.each([
  ['flag', { flag: 'RUN_FINISHED' }, 'RUN_FINISHED', undefined],
  ['event', { event: 'RUN_FINISHED' }, 'RUN_FINISHED', undefined],
  ['outputs', { flag: 'OUTPUTS_FINISHED', outputs: [output] }, 'OUTPUTS_FINISHED', ['o']],
  ['output, a list', { flag: 'OUTPUT_FINISHED', output: [output] }, 'OUTPUT_FINISHED', ['o']],
  ['output, one', { flag: 'OUTPUT_FINISHED', output }, 'OUTPUT_FINISHED', ['o']],
  ['output without an id', { flag: 'OUTPUT_FINISHED', outputs: [{ video_url: 'x' }] }, 'OUTPUT_FINISHED', []],
])('the kind and outputs of an event, in %s', (_where, body, flag, outputIds) => {
  expect(parseWebhook({ run_id: 'r', ...body })).toMatchObject({ flag, ...(outputIds && { outputIds }) });
});

test.each([
  ['an organization', { organization_id: 'o', organization_name: 'O', organization_slug: 's', created_at: 'x' }],
  ['a user', { user_id: 'u', email: 'u@x.example', is_admin: false, api_key_id: 'k', created_at: 'x' }],
])('whose key it is: %s', async (_whose, body) => {
  const server = await apiServer(json(200, body));
  expect(await server.client().whoami()).toBeTypeOf('object');
});
