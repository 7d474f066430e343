import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { type Answer, apiKey, apiServer, hangUp, json, mosaicErrorOf, saysNothing } from './api-server.ts';

const request = { videoUrls: ['https://in.example/a.mp4?sig=LINKSECRET'], callbackUrl: 'https://us.example/w/SECRET' };
const key = { idempotencyKey: 'attempt-1' };

test.each([
  [400, { detail: 'update_params names no node' }, 'bad-request', false],
  [401, { detail: 'Invalid API key', error: 'invalid_api_key' }, 'unauthorised', false],
  [402, { detail: 'Pay first' }, 'credits', false],
  [403, { detail: 'Not allowed' }, 'forbidden', false],
  [403, {}, 'forbidden', false],
  [403, { detail: 'Nope', error: 'concurrent_agent_limit' }, 'concurrency', false],
  [403, { detail: 'Too many concurrent runs' }, 'concurrency', false],
  [403, { detail: 'Nope', error: 'insufficient_credits' }, 'credits', false],
  [403, { detail: 'Insufficient credits to run this agent' }, 'credits', false],
  [404, { detail: 'Agent not found' }, 'not-found', false],
  [408, {}, 'timeout', true],
  [409, { detail: 'Cannot be resumed' }, 'conflict', false],
  [413, { detail: 'Too long' }, 'too-large', false],
  [422, { detail: 'Out of range', error: 'parameter_out_of_range' }, 'unprocessable', false],
  [429, { detail: 'Slow down', error: 'rate_limit' }, 'rate-limited', false],
  [429, { detail: 'Slow down', error: 'concurrent_agent_limit' }, 'concurrency', false],
  [418, {}, 'bad-request', false],
  [500, { detail: 'Oops', error: 'internal_server_error' }, 'server', true],
  [503, {}, 'server', true],
] as const)('a start answered %i %j is of kind %s, and is not repeated', async (status, body, kind, ambiguous) => {
  const server = await apiServer(json(status, body));
  const error = await mosaicErrorOf(server.client().startAgentRun('a', request, key));
  expect(error).toMatchObject({ kind, status, ambiguous });
  expect(server.asked).toHaveLength(1);
});

test('a redirect is an error: following it could start something elsewhere', async () => {
  const server = await apiServer((response) => void response.writeHead(307, { location: '/elsewhere' }).end());
  const error = await mosaicErrorOf(server.client().startAgentRun('a', request, key));
  expect(error).toMatchObject({ kind: 'unreadable', status: 307, ambiguous: false });
  expect(server.asked).toHaveLength(1);
});

const unknownOutcomes: readonly (readonly [name: string, answer: Answer, kind: string])[] = [
  ['the server hangs up', hangUp, 'network'],
  ['the server says nothing', saysNothing, 'timeout'],
  ['the answer is no JSON', (response) => void response.end('<html>ok</html>'), 'unreadable'],
  ['the answer names no run', json(200, { ok: true }), 'unreadable'],
];

test.each(unknownOutcomes)('after a start whose outcome is unknown (%s) no second start is sent', async (...row) => {
  const [, answer, kind] = row;
  const server = await apiServer(answer);
  const client = server.client({ timeoutMs: kind === 'timeout' ? 100 : 30_000 });
  expect(await mosaicErrorOf(client.startAgentRun('a', request, key))).toMatchObject({ kind, ambiguous: true });
  expect(server.asked).toHaveLength(1);
  expect(server.waits).toEqual([]);
});

test('a start that surely never left is repeated, and is not ambiguous', async () => {
  // A port that was open a moment ago and is closed now.
  const unused = createServer();
  await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
  const address = unused.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await new Promise((resolve) => unused.close(resolve));
  const server = await apiServer(json(200, { run_id: 'r' }));
  let calls = 0;
  const reachableLater: typeof fetch = (url, init) => {
    calls += 1;
    return calls < 3 ? fetch(`http://127.0.0.1:${port}/`, init) : fetch(url, init);
  };
  const started = await server.client({ fetch: reachableLater }).startAgentRun('a', request, key);
  expect(started.agentRunId).toBe('r');
  expect([server.asked.length, server.waits.length]).toEqual([1, 2]);

  const error = await mosaicErrorOf(
    server.client({ baseUrl: `http://127.0.0.1:${port}` }).startAgentRun('a', request, key),
  );
  expect(error).toMatchObject({ kind: 'network', ambiguous: false });
  expect(error.message).toContain('ECONNREFUSED');
});

test('a name that does not resolve is not ambiguous', async () => {
  const server = await apiServer(json(200, {}));
  const client = server.client({ baseUrl: 'http://no-such-host.invalid' });
  expect(await mosaicErrorOf(client.startAgentRun('a', request, key))).toMatchObject({
    kind: 'network',
    ambiguous: false,
  });
});

test('reading is repeated, with waits that grow', async () => {
  const server = await apiServer(json(500, {}), hangUp, json(429, {}), json(200, { organization_id: 'o' }));
  expect(await server.client().whoami()).toMatchObject({ organizationId: 'o' });
  expect(server.asked).toHaveLength(4);
  expect(server.waits).toEqual([375, 750, 1500]);
});

test('reading is given up after four tries, with the last error', async () => {
  const server = await apiServer(json(502, { detail: 'Bad gateway' }));
  expect(await mosaicErrorOf(server.client().whoami())).toMatchObject({ kind: 'server', status: 502 });
  expect(server.asked).toHaveLength(4);
});

test('a read that was understood and refused is not repeated', async () => {
  const server = await apiServer(json(404, { detail: 'Run not found' }));
  await mosaicErrorOf(server.client().getAgentRun('r'));
  expect(server.asked).toHaveLength(1);
});

test('Retry-After in seconds is obeyed, also by a start, for 429 says that nothing began', async () => {
  const server = await apiServer(json(429, {}, { 'retry-after': '3' }), json(200, { run_id: 'r' }));
  await server.client().startAgentRun('a', request, key);
  expect(server.waits).toEqual([3250]);
  expect(server.asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['attempt-1', 'attempt-1']);
});

test('Retry-After as a date is obeyed', async () => {
  const date = new Date(Date.now() + 10_000).toUTCString();
  const server = await apiServer(json(503, {}, { 'retry-after': date }), json(200, {}));
  await server.client().whoami();
  expect(server.waits).toHaveLength(1);
  expect(server.waits[0]).toBeGreaterThan(1_000);
  expect(server.waits[0]).toBeLessThanOrEqual(10_250);
});

test('a longer Retry-After is left to the caller', async () => {
  const server = await apiServer(json(429, { detail: 'Slow down' }, { 'retry-after': '120' }));
  expect(await mosaicErrorOf(server.client().whoami())).toMatchObject({ kind: 'rate-limited', retryAfterSeconds: 120 });
  expect(server.waits).toEqual([]);
});

test('a message says what was asked, what was answered and what to do, and holds no secret', async () => {
  const detail = `Could not read https://in.example/a.mp4?sig=LINKSECRET with ${apiKey}\n${'x'.repeat(500)}`;
  const server = await apiServer(json(400, { detail }));
  const { message } = await mosaicErrorOf(server.client().startAgentRun('agent-1', request, key));
  expect(message).toMatch(/^POST \/agent\/agent-1\/run answered 400: Could not read https:\/\/in\.example\/a\.mp4\?… /);
  expect(message).toContain('Compare the rule');
  expect(message).not.toMatch(/SECRET|\n/);
  expect(message.length).toBeLessThan(500);
});

test('the query of a call is not shown', async () => {
  const server = await apiServer(json(400, { detail: 'Bad cursor' }));
  const { message } = await mosaicErrorOf(server.client().listAgentRuns('a', { cursor: 'CURSORSECRET' }));
  expect(message).toContain('GET /agent/a/runs answered 400: Bad cursor.');
  expect(message).not.toContain('CURSORSECRET');
});

test('an answer that cannot be read is named by path, without its values', async () => {
  const body = { agent_id: 'a', status: 'completed', outputs: [{ id: 'o', video_url: { href: 'LINKSECRET' } }] };
  const server = await apiServer(json(200, body));
  const { message, kind } = await mosaicErrorOf(server.client().getAgentRun('r'));
  expect(kind).toBe('unreadable');
  expect(message).toContain('outputs[0].video_url: expected string, got object');
  expect(message).not.toContain('LINKSECRET');
});

test('a run that is complete without a list of outputs is not taken for one without outputs', async () => {
  const server = await apiServer(json(200, { agent_id: 'a', status: 'completed' }));
  const { message } = await mosaicErrorOf(server.client().getAgentRun('r'));
  expect(message).toContain('outputs: expected array, got nothing');
});

test.each(['', 'mk_live\nSECRET', 'mk_ключ'])('a key that cannot be a header is never sent or shown', async (bad) => {
  const server = await apiServer(json(200, {}));
  const error = await mosaicErrorOf(server.client({ apiKey: async () => bad }).whoami());
  expect(error.kind).toBe('unauthorised');
  expect(error.message).not.toMatch(/SECRET|ключ/);
  expect(server.asked).toEqual([]);
});

test('the key is fetched for each call, so a rotation needs no restart', async () => {
  const keys = ['mk_old', 'mk_new'];
  const server = await apiServer(json(200, {}));
  const client = server.client({ apiKey: async () => keys.shift() ?? '' });
  await client.whoami();
  await client.whoami();
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer mk_old', 'Bearer mk_new']);
});

test.each(['', '.', '..'])('an id of %j leads nowhere', async (id) => {
  const server = await apiServer(json(200, {}));
  expect((await mosaicErrorOf(server.client().getAgentRun(id))).kind).toBe('bad-request');
  expect(server.asked).toEqual([]);
});

test('a start whose key could not be read was surely not sent', async () => {
  const server = await apiServer(json(200, {}));
  const client = server.client({
    apiKey: async () => {
      throw new Error('Secrets Manager is not there');
    },
  });
  const error = await mosaicErrorOf(client.startAgentRun('a', request, key));
  expect(error).toMatchObject({ kind: 'network', ambiguous: false });
  expect(error.message).toContain('Secrets Manager is not there');
  expect(server.asked).toEqual([]);
});
