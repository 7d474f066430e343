import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Pump, pump } from '../../functions/local/queue-pump.ts';
import { silentLog } from '../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';

let folder = '';
let platform: LocalPlatform;
let running: Pump;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-pump-'));
  platform = openLocal({ folder });
});
afterEach(async () => {
  await running.stop(0);
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

test('waiting messages are handed over in events of at most ten, and only the failed ones are handed over again', async () => {
  const queue = platform.queue('starts');
  await queue.send(...Array.from({ length: 12 }, (_, number) => ({ body: number })));
  const events: string[][] = [];
  const door = async ({ Records }: SQSEvent) => {
    events.push(Records.map(({ body }) => body));
    const failed = events.length === 1 ? Records.filter(({ body }) => body === '3') : [];
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
  const wakeUps = (listener: () => void) => platform.onMessage(listener);
  running = pump({ name: 'starts', queue, door, concurrency: 1, batch: 10 }, wakeUps, silentLog);
  await expect.poll(() => events.length, { timeout: 10_000 }).toBe(3);
  expect(events.map((bodies) => bodies.length)).toEqual([10, 2, 1]);
  expect(events[2]).toEqual(['3']);
  expect(await queue.receive()).toEqual([]);
});

test('a message that another process sends to the same folder is found by polling', async () => {
  const bodies: string[] = [];
  const door = async ({ Records }: SQSEvent) => {
    bodies.push(...Records.map(({ body }) => body));
    return undefined;
  };
  running = pump({ name: 'starts', queue: platform.queue('starts'), door, concurrency: 1 }, () => () => {}, silentLog);
  const beside = openLocal({ folder, own: false });
  expect(beside.isOwner).toBe(false);
  await beside.queue('starts').send({ body: 'wake' });
  beside.close();
  await expect.poll(() => bodies, { timeout: 10_000 }).toEqual(['"wake"']);
});

test('a handler that sets the retry time of a failed message is not overruled', async () => {
  const queue = platform.queue('notices');
  await queue.send({ body: 1 });
  let tries = 0;
  const door = async ({ Records }: SQSEvent) => {
    tries += 1;
    for (const { receiptHandle } of Records) await queue.extend(receiptHandle, 3600);
    return { batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
  const wakeUps = (listener: () => void) => platform.onMessage(listener);
  running = pump({ name: 'notices', queue, door, concurrency: 1, ownPauses: true }, wakeUps, silentLog);
  await expect.poll(() => tries).toBe(1);
  await running.stop(5000);
  const later = openLocal({ folder, own: false, clock: () => Date.now() + 3_500_000 });
  expect(await later.queue('notices').receive()).toEqual([]);
  later.close();
  const evenLater = openLocal({ folder, own: false, clock: () => Date.now() + 3_700_000 });
  expect(await evenLater.queue('notices').receive()).toHaveLength(1);
  evenLater.close();
});
