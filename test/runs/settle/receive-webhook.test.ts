import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { webhookHandler } from '../../../functions/webhook.ts';
import { readText } from '../../../shared/platform/read-text.ts';
import { eventsOf } from '../../../shared/runs/run/run-events.ts';
import { type Received, receiveWebhook } from '../../../shared/runs/settle/receive-webhook.ts';
import { type FileServer, serveFile } from '../../support/file-server.ts';
import { type PipelineWorld, pipelineWorld, webhookSecret } from '../../support/pipeline-world.ts';

let outputs: FileServer;
let world: PipelineWorld;
let runId: string;

beforeAll(async () => {
  outputs = await serveFile();
});
afterAll(() => outputs.close());
beforeEach(async () => {
  world = pipelineWorld({ outputs });
  await world.upload('in/talk.mov');
  await world.drain();
  runId = (await world.runOf('in/talk.mov')).id;
});
afterEach(() => world.close());

const event = { flag: 'RUN_PROGRESS', run_id: 'agent-run-1', agent_id: 'agent-1', status: 'running' };
const payloads = () => world.platform.bucket('payloads');
const receive = (body: unknown, signature: string | undefined = webhookSecret, to = runId, secret = webhookSecret) =>
  receiveWebhook(
    { ...world.deps, payloads: payloads(), webhookSecret: async () => secret },
    { runId: to, signature, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) },
  );
/** A report of the agent run that the run really began. */
const own = () => ({ ...event, run_id: [...world.script.runs.keys()][0] });
const progressEvents = async () => (await eventItems()).filter(({ flag }) => flag === 'RUN_PROGRESS');
const eventItems = async () => (await world.runs.query({ pk: `RUN#${runId}`, prefix: 'EVENT#' })).items;

describe('a webhook', () => {
  test('is stored before it is answered, without its links, and wakes settle', async () => {
    const outcome = await receive({
      ...own(),
      status_message: 'see https://x.example/a?sig=1',
      outputs: [{ video_url: 'x' }],
    });
    expect(outcome).toBe('accepted');
    const stored = (await eventItems()).find(({ flag }) => flag === 'RUN_PROGRESS');
    expect(stored).toMatchObject({ agentRunId: own().run_id, status: 'running' });
    expect(JSON.stringify(stored)).not.toMatch(/sig=1|video_url/);
    expect((await world.settleQueue.receive()).map(({ body }) => JSON.parse(body))).toEqual([{ runId }]);
  });

  test('that is repeated leaves one mark', async () => {
    await receive(event);
    const before = await eventItems();
    await receive(event);
    expect(await eventItems()).toEqual(before);
  });

  test.each<[string, unknown, string | undefined, Received]>([
    ['without a signature', event, '', 'unauthorised'],
    ['with another secret', event, 'other', 'unauthorised'],
    ['longer than AWS would hand on', 'x'.repeat(6 * 1024 ** 2 + 1), webhookSecret, 'too-large'],
  ])('%s is turned away and wakes nobody', async (_name, body, signature, outcome) => {
    expect(await receive(body, signature)).toBe(outcome);
    expect(await world.settleQueue.receive()).toEqual([]);
  });

  test('is let in with either secret while one replaces the other', async () => {
    const both = JSON.stringify(['old', 'new']);
    expect(await receive(event, 'old', runId, both)).toBe('accepted');
    expect(await receive(event, 'new', runId, both)).toBe('accepted');
    expect(await receive(event, both, runId, both)).toBe('unauthorised');
    const withNone = JSON.stringify(['', ' ', null, 'new']);
    expect(await receive(event, 'new', runId, withNone)).toBe('accepted');
    for (const none of ['', ' ', 'null']) expect(await receive(event, none, runId, withNone)).toBe('unauthorised');
  });

  test('as long as may be is stored, and so is one whose header lies about base64', async () => {
    expect(await receive('x'.repeat(6 * 1024 ** 2))).toBe('unknown-event');
    const headers = { 'x-mosaic-signature': webhookSecret };
    const deps = { ...world.deps, payloads: payloads() };
    const asBase64 = { headers, pathParameters: { runId }, body: JSON.stringify(event), isBase64Encoded: true };
    const reply = await webhookHandler(deps)(asBase64 as never);
    expect(reply).toMatchObject({ statusCode: 200 });
    expect((await eventItems()).filter(({ flag }) => flag === 'UNREADABLE')).toHaveLength(2);
  });

  test('cannot come in by an empty signature where no secret is set', async () => {
    expect(await receive(event, '', runId, '')).toBe('unauthorised');
    expect(await receive(event, '', runId, '[""]')).toBe('unauthorised');
  });

  test('is let in by a secret that was stored with the line end of its file', async () => {
    expect(await receive(event, 'new', runId, 'new\n')).toBe('accepted');
    expect(await receive(event, '', runId, '\n')).toBe('unauthorised');
  });

  test('of endless words is kept in short', async () => {
    const endless = 'x'.repeat(300_000);
    expect(await receive({ ...event, agent_id: endless, status: endless, status_message: endless })).toBe('accepted');
    for (const item of await eventItems()) expect(JSON.stringify(item).length).toBeLessThan(3000);
  });

  test('for a run unknown to us is kept for a month, and counted', async () => {
    const stranger = 'Z'.repeat(24);
    expect(await receive(event, webhookSecret, stranger)).toBe('unknown-run');
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'warn', event: 'webhook.unknown-run' }));
    const { items } = await world.runs.query({ pk: `UNKNOWN#${stranger}` });
    expect(items).toMatchObject([{ flag: 'RUN_PROGRESS', expiresAt: world.clock() / 1000 + 30 * 24 * 3600 }]);
  });

  test('to a path that can be no run is answered without any work', async () => {
    expect(await receive(event, webhookSecret, '../../etc')).toBe('no-such-path');
  });

  test('about a second agent run of the same run is a matter for a person', async () => {
    const told = { flag: 'RUN_PROGRESS', agentRunId: 'agent-run-1' };
    expect(await receive(event)).toBe('accepted');
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'error', event: 'webhook.second-agent-run' }));
    expect(await eventsOf(world.runs, runId)).toContainEqual(expect.objectContaining({ ...told, ofAnother: true }));
    expect(await world.settleQueue.receive()).toEqual([]);
  });

  test('with a wrong secret is counted, without what it was', async () => {
    await receive(event, 'a-wrong-secret');
    expect(world.lines.at(-1)).toMatchObject({ level: 'warn', event: 'webhook.unauthorised', runId });
    expect(JSON.stringify(world.lines)).not.toMatch(/a-wrong-secret|whsk_test/);
  });

  test.each<[string, string, object]>([
    ['of a kind that is new', JSON.stringify({ ...event, flag: 'RUN_DREAMT', more: [1] }), { flag: 'RUN_DREAMT' }],
    ['that names no run', '{"flag":"RUN_STARTED"}', { flag: 'UNKNOWN', body: '{"flag":"RUN_STARTED"}' }],
    ['that is no object', '[1e400]', { flag: 'UNKNOWN', body: '[null]' }],
    ['that is not JSON', '{"flag', { flag: 'UNREADABLE', statusMessage: '6 bytes that are not JSON' }],
    ['that is empty', '', { flag: 'UNREADABLE' }],
    ['that is nested without end', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, { flag: 'UNKNOWN' }],
  ])('%s is stored, answered 200 and counted: it would not be better if it came again', async (_name, body, stored) => {
    expect((await world.post(runId, body)).statusCode).toBe(200);
    expect(await receive(body)).toBe('unknown-event');
    const ours = ['UPLOADED', 'START_ANSWERED'];
    const events = (await eventsOf(world.runs, runId)).filter(({ flag }) => !ours.includes(flag));
    expect(events).toMatchObject([stored]);
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'warn', event: 'webhook.unknown-event' }));
  });

  test('that tests the address is stored and wakes nobody', async () => {
    const body = { flag: 'TEST', run_id: 'test', timestamp: 'x', message: 'm', user_id: 'u', test_data: {} };
    expect(await receive(body)).toBe('accepted');
    expect(await world.settleQueue.receive()).toEqual([]);
    expect(world.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('is read as its header says: base64 or not, by whichever name and case its secret comes', async () => {
    const body = JSON.stringify(event);
    const post = webhookHandler({ ...world.deps, payloads: payloads() });
    const status = async (more: object) => (await post({ pathParameters: { runId }, ...more } as never)).statusCode;
    const headers = { 'x-mosaic-signature': webhookSecret };
    expect(await status({ headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true })).toBe(200);
    expect(await status({ headers, body, isBase64Encoded: false })).toBe(200);
    expect(await status({ headers: { 'X-MOSAIC-SIGNATURE': webhookSecret }, body })).toBe(200);
    expect(await status({ headers: { 'X-Webhook-Secret': webhookSecret }, body })).toBe(200);
    expect(await status({ headers: { 'X-Webhook-Secret': 'other' }, body })).toBe(401);
    expect(await status({ body })).toBe(401);
    expect(await progressEvents()).toHaveLength(1);
  });

  test('tells the story of its nodes, errors and outputs', async () => {
    await receive({
      ...own(),
      flag: 'RUN_FINISHED',
      errors: [{ original_node_id: 'n', messages: ['could not read https://x.example/a?sig=SECRET'] }],
      updated_nodes: [{ original_node_id: null, status: 'failed', errors: ['no speech'], outputs: [{ id: 'o-1' }] }],
      outputs: [{ id: 'o-1', video_url: 'https://x.example/o?sig=SECRET' }],
    });
    expect((await eventsOf(world.runs, runId)).at(-1)).toMatchObject({
      flag: 'RUN_FINISHED',
      errors: [{ nodeId: 'n', messages: ['could not read (link)'] }],
      nodes: [{ status: 'failed', errors: ['no speech'], outputIds: ['o-1'] }],
      outputIds: ['o-1'],
    });
  });

  test('about thousands of outputs is kept whole: what an item cannot hold lies in the bucket', async () => {
    const outputs = Array.from({ length: 9000 }, (_, index) => ({
      id: `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`,
      video_url: `https://x.example/${index}?sig=SECRET`,
    }));
    const body = { flag: 'RUN_FINISHED', run_id: 'agent-run-1', status: 'completed', outputs };
    expect(await receive(body)).toBe('accepted');
    expect(await receive(body)).toBe('accepted');
    const [item, ...more] = (await eventItems()).filter(({ flag }) => flag === 'RUN_FINISHED');
    expect(more).toEqual([]);
    expect(JSON.stringify(item).length).toBeLessThan(1000);
    expect(item?.payloadKey).toMatch(new RegExp(`^webhooks/${runId}/[0-9a-f]{64}\\.json$`));
    const payload = await readText(payloads(), String(item?.payloadKey));
    expect(payload).not.toMatch(/SECRET|https/);
    const told = (await eventsOf(world.runs, runId, payloads())).find(({ flag }) => flag === 'RUN_FINISHED');
    expect(told?.outputIds).toEqual(outputs.map(({ id }) => id));
    expect((await eventsOf(world.runs, runId)).at(-1)?.outputIds).toBeUndefined();
  });

  test('costs one read, one write and one message, and asks the API nothing', async () => {
    const done: string[] = [];
    const counted = <T extends object>(name: string, port: T): T =>
      new Proxy(port, {
        get: (target, method) => {
          const value: unknown = Reflect.get(target, method);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => {
            done.push(`${name}.${String(method)}`);
            return value.apply(target, given);
          };
        },
      });
    const calls = world.script.calls.length;
    const ports = { runs: counted('runs', world.runs), settleQueue: counted('settles', world.settleQueue) };
    const deps = { ...world.deps, ...ports, payloads: counted('payloads', payloads()) };
    await receiveWebhook(deps, { runId, signature: webhookSecret, body: Buffer.from(JSON.stringify(own())) });
    expect(done).toEqual(['runs.get', 'runs.write', 'settles.send']);
    expect(world.script.calls).toHaveLength(calls);
  });

  test('is asked for again only when it could not be stored', async () => {
    const reply = await world.post(runId, event, { 'x-MOSAIC-signature': webhookSecret });
    expect(reply.statusCode).toBe(200);
    world.platform.close();
    expect((await world.post(runId, event)).statusCode).toBe(500);
  });
});
