import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Received, receiveWebhook } from '../../shared/runs/receive-webhook.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { type PipelineWorld, pipelineWorld, webhookSecret } from '../support/pipeline-world.ts';

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
const receive = (body: unknown, signature: string | undefined = webhookSecret, to = runId, secret = webhookSecret) =>
  receiveWebhook(
    { ...world.deps, webhookSecret: async () => secret },
    { runId: to, signature, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) },
  );
const eventItems = async () => (await world.runs.query({ pk: `RUN#${runId}`, prefix: 'EVENT#' })).items;

describe('a webhook', () => {
  test('is stored before it is answered, without its links, and wakes settle', async () => {
    const outcome = await receive({
      ...event,
      status_message: 'see https://x.example/a?sig=1',
      outputs: [{ video_url: 'x' }],
    });
    expect(outcome).toBe('accepted');
    const stored = (await eventItems()).find(({ flag }) => flag === 'RUN_PROGRESS');
    expect(stored).toMatchObject({ agentRunId: 'agent-run-1', status: 'running' });
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
    ['that is not JSON', '{', webhookSecret, 'unreadable'],
    ['without a run', { flag: 'RUN_STARTED' }, webhookSecret, 'unreadable'],
    ['of more than a mebibyte', 'x'.repeat(1024 ** 2 + 1), webhookSecret, 'too-large'],
  ])('%s is turned away and wakes nobody', async (_name, body, signature, outcome) => {
    expect(await receive(body, signature)).toBe(outcome);
    expect(await world.settleQueue.receive()).toEqual([]);
  });

  test('is let in with either secret while one replaces the other', async () => {
    const both = JSON.stringify(['old', 'new']);
    expect(await receive(event, 'old', runId, both)).toBe('accepted');
    expect(await receive(event, 'new', runId, both)).toBe('accepted');
    expect(await receive(event, both, runId, both)).toBe('unauthorised');
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

  test('for a run unknown to us is kept for a month', async () => {
    const stranger = 'Z'.repeat(24);
    expect(await receive(event, webhookSecret, stranger)).toBe('unknown-run');
    const { items } = await world.runs.query({ pk: `UNKNOWN#${stranger}` });
    expect(items).toMatchObject([{ flag: 'RUN_PROGRESS', expiresAt: world.clock() / 1000 + 30 * 24 * 3600 }]);
  });

  test('to a path that can be no run is answered without any work', async () => {
    expect(await receive(event, webhookSecret, '../../etc')).toBe('no-such-path');
  });

  test('about a second agent run of the same run is a matter for a person', async () => {
    await receive(event);
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'error', event: 'webhook.second-agent-run' }));
  });

  test('is asked for again only when it could not be stored', async () => {
    const reply = await world.post(runId, event, { 'x-MOSAIC-signature': webhookSecret });
    expect(reply.statusCode).toBe(200);
    world.platform.close();
    expect((await world.post(runId, event)).statusCode).toBe(500);
  });
});
