import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CopyDoorDeps, copyOutputHandler } from '../../functions/copy-output.ts';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import type { Received } from '../../shared/platform/ports.ts';
import { copyOutput } from '../../shared/runs/deliver/copy-output.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import { readOutput } from '../../shared/runs/run/output-items.ts';
import { type DeliveryServer, deliveryServer } from '../support/delivery-server.ts';
import { smallMp4 } from '../support/file-server.ts';
import { withoutJitter } from '../support/without-jitter.ts';
import { type DeliveryWorld, deliveryWorld } from './delivery-world.ts';

let server: DeliveryServer;
const mebibyte = 1024 * 1024;
/** Four parts. */
const large = smallMp4(30 * mebibyte);

beforeAll(async () => {
  server = await deliveryServer();
});
afterAll(() => server.close());

/** A world whose run waits for one large video. */
async function waiting() {
  const world = deliveryWorld(server, { deliver: { beside: [] } });
  const { id } = await world.copying('o1');
  server.files.set('o1.mp4', large);
  return { world, id };
}

const bodies = (messages: readonly Received[]) => messages.map(({ body }) => JSON.parse(body));

/** One event of the door, for all messages that are there. */
async function invoke(world: DeliveryWorld, over: Partial<CopyDoorDeps> = {}, visibilitySeconds = 3600) {
  const messages = await world.copyQueue.receive({ visibilitySeconds });
  const door = copyOutputHandler({ ...world.deps, ...over });
  const { batchItemFailures } = await door({ Records: messages.map((message) => asRecord('copies', message)) });
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  for (const { messageId, receipt } of messages) if (!failed.includes(messageId)) await world.copyQueue.done(receipt);
  return { messages, failed: failed.length };
}

describe('a copy that takes longer than its slice', () => {
  test('hands over to a message of its own, again and again, and reads nothing twice', async () => {
    const { world, id } = await waiting();
    let slices = 0;
    const arrived: number[] = [];
    while ((await world.read(id)).status === 'copying' && slices < 10) {
      const { messages, failed } = await invoke(world, { sliceSeconds: 0 });
      expect([messages.length, failed]).toEqual([1, 0]);
      arrived.push(...bodies(messages).flatMap(({ arrivedBytes }) => arrivedBytes ?? []));
      slices += 1;
    }
    expect(await world.read(id)).toMatchObject({ status: 'delivered', partial: false });
    expect(slices).toBeGreaterThan(2);
    expect(arrived).toEqual([...new Set(arrived)].sort((a, b) => a - b));
    expect(server.sentBytes('o1.mp4')).toBe(large.byteLength);
  });

  test('ends well before Lambda would end it', async () => {
    const { world, id } = await waiting();
    const messages = await world.copyQueue.receive();
    const door = copyOutputHandler({ ...world.deps, sliceSeconds: 3600 });
    await door(
      { Records: messages.map((message) => asRecord('copies', message)) },
      { getRemainingTimeInMillis: () => 60_000 },
    );
    expect((await world.read(id)).status).toBe('copying');
    expect(await readOutput(world.runs, id, 'o1')).toMatchObject({ status: 'copying', arrivedBytes: 8 * mebibyte });
  });

  test('and whose source gives nothing more does not hand over: it fails, and is seen among the dead letters', async () => {
    const { world, id } = await waiting();
    const message = { runId: id, outputId: 'o1' };
    expect(await copyOutput(world.deps, message, { deadlineMs: 0 })).toBe('handed-over');
    const [handed] = bodies((await world.copyQueue.receive()).slice(-1));
    const state = await readOutput(world.runs, id, 'o1');
    const arrivedBytes = 16 * mebibyte;
    expect([handed.arrivedBytes, state]).toMatchObject([8 * mebibyte, { arrivedBytes: 8 * mebibyte }]);
    const slice = copyOutput(world.deps, { ...message, arrivedBytes }, { deadlineMs: 0 });
    await expect(slice).rejects.toThrow('nothing has arrived in this slice');
  });

  test('and whose source is another file each time does not hand over for ever', async () => {
    const { world, id } = await waiting();
    const copy = async (number: number) => {
      server.files.set('o1.mp4', smallMp4(large.byteLength + number));
      return copyOutput(world.deps, { runId: id, outputId: 'o1' }, { deadlineMs: 0 });
    };
    for (let number = 0; number <= 5; number += 1) expect(await copy(number)).toBe('handed-over');
    await expect(copy(6)).rejects.toThrow('its source keeps changing');
    // Once it holds still it is copied all the same.
    expect(await copyOutput(world.deps, { runId: id, outputId: 'o1' })).toBe('copied');
  });

  test('stops when its run is cancelled, and its parts are thrown away', async () => {
    const { world, id } = await waiting();
    await invoke(world, { sliceSeconds: 0 });
    await askCancel(world.deps, id, 'wrong cut');
    await invoke(world, { sliceSeconds: 0 });
    expect(await world.copyQueue.receive()).toEqual([]);
    expect((await world.deliveries.listUploads()).uploads).toHaveLength(1);
    world.jump(24 * 3600);
    await world.reconcile();
    expect((await world.deliveries.listUploads()).uploads).toEqual([]);
    expect((await world.deliveries.list()).objects).toEqual([]);
  });

  test('is one whole object though a slice is worked on twice at once', async () => {
    const { world, id } = await waiting();
    await invoke(world, { sliceSeconds: 0 });
    const message = { runId: id, outputId: 'o1' };
    await Promise.all([copyOutput(world.deps, message), copyOutput(world.deps, message)]);
    const done = await world.read(id);
    expect(done).toMatchObject({ status: 'delivered', outputCount: 1 });
    const [output] = (await world.manifestOf(done)).outputs;
    expect(await world.deliveries.head(output?.key ?? '')).toMatchObject({ size: large.byteLength });
    expect((await world.deliveries.listUploads()).uploads).toEqual([]);
  });

  test('is not begun anew by a worker that was silent while another one ended it', async () => {
    const { world, id } = await waiting();
    const { deliveries } = world.deps;
    const startUpload: typeof deliveries.startUpload = async (...args) => {
      await copyOutput(world.deps, { runId: id, outputId: 'o1' });
      return deliveries.startUpload(...args);
    };
    const late = { ...world.deps, deliveries: { ...deliveries, startUpload } };
    const before = copyOutput(late, { runId: id, outputId: 'o1' });
    await expect(before).rejects.toThrow('was ended by another worker');
    const done = await world.read(id);
    expect(done).toMatchObject({ status: 'delivered', outputCount: 1 });
    expect(await copyOutput(world.deps, { runId: id, outputId: 'o1' })).toBe('not-due');
  });

  test('is not asked for a second time while it shows signs of life, and is when it shows none', async () => {
    const { world, id } = await waiting();
    const [message] = await world.copyQueue.receive();
    await world.copyQueue.done(message?.receipt ?? '');
    world.jump(1300);
    await copyOutput(world.deps, { runId: id, outputId: 'o1' }, { deadlineMs: 0 });
    const [handed] = await world.copyQueue.receive();
    await world.copyQueue.done(handed?.receipt ?? '');
    const asked = async () => {
      await world.reconcile();
      await world.drain('settle');
      return bodies(await world.copyQueue.receive());
    };
    expect(await asked()).toEqual([]);
    world.jump(1300);
    expect(await asked()).toEqual([{ runId: id, outputId: 'o1' }]);
  });
});

describe('a message about a copy', () => {
  test('whose worker dies is handed to another after a minute and a half, though the queue waits for an hour', async () => {
    const { world } = await waiting();
    let hidden = () => {};
    const isHidden = new Promise<void>((resolve) => {
      hidden = resolve;
    });
    const get = () => {
      hidden();
      return new Promise<never>(() => {});
    };
    const runs = { ...world.runs, get };
    void invoke(world, { runs });
    await isHidden;
    world.jump(89);
    expect(await world.copyQueue.receive()).toEqual([]);
    world.jump(2);
    expect(await world.copyQueue.receive()).toHaveLength(1);
  });

  test('stays hidden for as long as its copy shows signs of life', async () => {
    const { world, id } = await waiting();
    const extended: number[] = [];
    const copyQueue = { ...world.deps.copyQueue };
    copyQueue.extend = async (_receipt, seconds) => void extended.push(seconds);
    let now = world.clock();
    const clock = () => (now += 1000);
    await invoke(world, { copyQueue, clock, sliceSeconds: 36_000 });
    expect((await world.read(id)).status).toBe('delivered');
    expect(extended.length).toBeGreaterThan(3);
    expect(new Set(extended)).toEqual(new Set([90]));
  });

  test('that failed comes again soon, then later', async () => {
    withoutJitter();
    const { world } = await waiting();
    server.refused.set('o1.mp4', 500);
    for (const seconds of [5, 20, 80, 300, 300]) {
      expect((await invoke(world)).failed).toBe(1);
      world.jump(seconds - 1);
      expect(await world.copyQueue.receive({ visibilitySeconds: 0 })).toEqual([]);
      world.jump(1);
    }
  });

  test('that cannot be read fails alone: the others of its batch are done', async () => {
    const { world, id } = await waiting();
    await world.copyQueue.send({ body: 'nonsense' }, { body: { runId: id } });
    expect(await invoke(world)).toMatchObject({ failed: 2, messages: { length: 3 } });
    expect((await world.read(id)).status).toBe('delivered');
  });
});
