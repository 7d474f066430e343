import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import { notifyHandler } from '../../functions/notify.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { Received } from '../../shared/platform/ports.ts';
import { eventSchema } from '../../shared/runs/notify/event.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import { type FileServer, serveFile } from '../support/file-server.ts';
import { withoutJitter } from '../support/without-jitter.ts';
import { type ControlWorld, controlWorld } from './control-world.ts';
import { noticing, receiver, secrets } from './notices-world.ts';

let outputs: FileServer;
let hook: Awaited<ReturnType<typeof receiver>>;
let opened: ControlWorld | undefined;

beforeAll(async () => {
  outputs = await serveFile();
  hook = await receiver();
});
afterEach(() => {
  opened?.close();
  opened = undefined;
  hook.got.splice(0);
  hook.answers.splice(0);
});
afterAll(async () => {
  await outputs.close();
  await hook.close();
});

const notifying = (...events: string[]) => ({
  rules: [{ prefix: 'in/', agentId: 'agent-1', notify: [{ url: hook.url, ...(events.length > 0 && { events }) }] }],
});

function open(rules: unknown = notifying(), options: { retentionDays?: number; slots?: number } = {}) {
  const notices = noticing({ trustedHosts: [hook.host], ...options });
  const world = notices.join(controlWorld({ outputs, rules, slots: options.slots, wrap: notices.wrap }));
  opened = world;
  return { world, notices };
}

describe('what becomes of a run is told', () => {
  test('on the bus and by webhook, with one id and one content', async () => {
    const { world, notices } = open();
    const run = await world.started('in/talk.mp4');
    await world.report(run, {}, 2);
    expect(await notices.tell()).toBe(0);
    const events = notices.events();
    expect(events.map(({ type }) => type)).toEqual(['Run Started', 'Run Delivered']);
    expect(events[1]?.detail).toMatchObject({
      ...{ runId: run.id, status: 'delivered', outputCount: 2, deliveries: { bucket: 'deliveries' } },
      outputs: [{ kind: 'video', size: expect.any(Number), checksum: { value: expect.any(String) } }, {}],
    });
    for (const { type, time, detail } of events)
      expect(eventSchema.parse({ type, timestamp: time, data: detail }).data).toEqual(detail);
    expect(new Set(hook.got.map(({ event }) => event.data.id))).toEqual(new Set(events.map(({ id }) => id)));
    for (const { event } of hook.got) expect(event.data).toEqual(events.find(({ id }) => id === event.data.id)?.detail);
    expect(await notices.untold()).toBe(0);
  });

  test('with names and ids and never a link, whatever the API wrote into its reasons', async () => {
    const { world, notices } = open();
    const run = await world.started('in/talk.mp4');
    const statusMessage = 'could not read https://store.example/talk.mp4?X-Amz-Signature=abcdef';
    await world.report(run, { status: 'failed', statusMessage } as never);
    await notices.tell();
    const told = JSON.stringify([notices.events(), hook.got]);
    expect(told).toContain('Run Failed');
    expect(told).not.toContain('X-Amz-Signature');
    expect(told).not.toContain('abcdef');
    expect(told).not.toMatch(/https:\/\/store/);
  });

  test('to each receiver only what it wants to hear', async () => {
    const { world, notices } = open(notifying('Run Failed'));
    await world.report(await world.started('in/talk.mp4'), { status: 'failed' });
    await notices.tell();
    expect(hook.got.map(({ event }) => event.type)).toEqual(['Run Failed']);
    expect(hook.got[0]?.event.data).toMatchObject({
      failure: 'agent-failed',
      nextStep: expect.stringContaining('retry'),
    });
  });

  test('with one signature for each secret, so that a receiver may change its own when it likes', async () => {
    const { world, notices } = open(notifying('Run Started'));
    await world.started('in/talk.mp4');
    await notices.tell();
    const [{ headers, body, event }] = hook.got as [(typeof hook.got)[0]];
    expect(headers['webhook-id']).toBe(event.data.id);
    const seconds = String(Math.floor(world.clock() / 1000));
    expect(headers['webhook-timestamp']).toBe(seconds);
    const at = new Date(world.clock());
    expect(headers['webhook-signature']?.split(' ')).toEqual(
      secrets.map((secret) => new Webhook(secret).sign(event.data.id, at, body)),
    );
  });

  test('also where it was cancelled or refused, but not where it was passed over', async () => {
    const { world, notices } = open();
    const run = await world.started('in/talk.mp4');
    await askCancel(world.deps, run.id, 'wrong cut');
    await world.drain();
    await world.upload('in/words.mp4', 'no video at all, but a good deal of text');
    await world.upload('in/.hidden.mp4');
    await world.drain();
    await notices.tell();
    expect(notices.events().map(({ type }) => type)).toEqual(['Run Started', 'Run Cancelled', 'Run Rejected']);
    expect((await world.runOf('in/.hidden.mp4')).status).toBe('ignored');
    expect(await notices.untold()).toBe(0);
  });
});

describe('a run that waits for credits', () => {
  test('says so once, however often its start is tried, and again when it runs', async () => {
    const { world, notices } = open();
    const credits = new MosaicError('Out of credits.', { kind: 'credits', status: 402 });
    world.script.answers.push(credits, credits, credits);
    await world.started('in/talk.mp4');
    for (let wait = 0; wait < 3; wait += 1) {
      await notices.tell();
      await world.later(1000);
    }
    await notices.tell();
    expect(world.starts()).toBe(4);
    expect(notices.events().map(({ type }) => type)).toEqual(['Run Waiting For Credits', 'Run Started']);
    expect(notices.events()[0]?.detail).toMatchObject({
      status: 'waiting',
      nextStep: expect.stringContaining('credits'),
    });
  });

  test('says so once while it stands still, though every resume is refused', async () => {
    const { world, notices } = open();
    const run = await world.started('in/talk.mp4');
    const credits = new MosaicError('Out of credits.', { kind: 'credits', status: 402 });
    world.resumeAnswers.push(credits, credits);
    await world.report(run, { status: 'failed', needsCredits: true });
    for (let wait = 0; wait < 3; wait += 1) {
      await notices.tell();
      await world.later(1000);
    }
    await notices.tell();
    expect(world.resumes.length).toBeGreaterThan(1);
    expect(notices.events().map(({ type }) => type)).toEqual(['Run Started', 'Run Waiting For Credits']);
    expect(notices.events()[1]?.detail).toMatchObject({ status: 'paused' });
  });
});

describe('a receiver that does not take it', () => {
  test('is asked again later and later, without keeping the bus or another from hearing of it', async () => {
    withoutJitter();
    const { world, notices } = open(notifying('Run Started'));
    hook.answers.push(500, 503);
    await world.started('in/talk.mp4');
    expect(await notices.tell()).toBe(1);
    expect(notices.events()).toHaveLength(1);
    expect(await notices.untold()).toBe(0);
    expect(await notices.tell()).toBe(0);
    world.jump(5);
    expect(await notices.tell()).toBe(1);
    world.jump(299);
    expect(await notices.tell()).toBe(0);
    expect(hook.got).toHaveLength(2);
    world.jump(1);
    await notices.tell();
    expect(hook.got.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(hook.got[0]?.event.data.id));
  });

  test('finds it among the dead letters after a day, whole enough to be sent again', async () => {
    const { world, notices } = open(notifying('Run Started'));
    hook.answers.push(...Array(8).fill(404));
    await world.started('in/talk.mp4');
    for (let hour = 0; hour < 60; hour += 1) {
      await notices.tell();
      world.jump(3600);
    }
    expect(hook.got).toHaveLength(8);
    const [letter] = await notices.dead().receive();
    await notices.deps().notifyQueue.send({ body: JSON.parse(letter?.body ?? '') });
    expect(await notices.tell()).toBe(0);
    expect(hook.got[8]?.body).toBe(hook.got[0]?.body);
  });

  test('and says that it is gone is not asked again', async () => {
    const { world, notices } = open(notifying('Run Started'));
    hook.answers.push(410);
    await world.started('in/talk.mp4');
    expect(await notices.tell()).toBe(0);
    expect(hook.got).toHaveLength(1);
    expect(world.logged('notice.unwanted', 'warn')).toHaveLength(1);
  });

  test.each([301, 302, 307, 308])('but leads elsewhere (%i) is not followed', async (status) => {
    const { world, notices } = open(notifying('Run Started'));
    hook.answers.push(status);
    await world.started('in/talk.mp4');
    expect(await notices.tell()).toBe(1);
    expect(hook.got).toHaveLength(1);
  });

  test('nor may at all, since its address is private, and the reason says so', async () => {
    const notices = noticing();
    const world = notices.join(controlWorld({ outputs, rules: notifying('Run Started'), wrap: notices.wrap }));
    opened = world;
    await world.started('in/talk.mp4');
    expect(await notices.tell()).toBe(1);
    expect(hook.got).toHaveLength(0);
    expect(JSON.stringify(world.logged('notify.failed', 'warn'))).toMatch(/not https|not public/);
  });

  test('a message that nobody can read fails alone', async () => {
    const { world, notices } = open();
    await notices.deps().notifyQueue.send({ body: { no: 'run' } }, { body: 'nonsense' });
    await world.started('in/talk.mp4');
    expect(await notices.tell()).toBe(2);
    expect(notices.events()).toHaveLength(1);
  });
});

test('a bus that never answers fails its own message, and none that was handed over with it', async () => {
  const { world, notices } = open(notifying('Run Started'));
  const { id: runId } = await world.started('in/talk.mp4');
  const deps = notices.deps();
  const [wake] = await deps.notifyQueue.receive();
  const toReceiver = { ...JSON.parse(wake?.body ?? ''), url: hook.url };
  const messages = [wake as Received, { ...(wake as Received), messageId: 'b', body: JSON.stringify(toReceiver) }];
  const door = notifyHandler({ ...deps, bus: { put: () => new Promise(() => {}) } }, 300);
  const { batchItemFailures } = await door({ Records: messages.map((message) => asRecord('notices', message)) });
  expect(batchItemFailures).toEqual([{ itemIdentifier: wake?.messageId }]);
  expect(hook.got.map(({ event }) => event.data.runId)).toEqual([runId]);
});
