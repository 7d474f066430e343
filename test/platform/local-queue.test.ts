import { expect, test } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { openForTest as open, testFolder } from './open-world.ts';

test('messages that a dead process held are there at once after reviveMessages, and its receipts are void', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  await first.queue('q').send({ body: 'held' }, { body: 'delayed', delaySeconds: 600 });
  const [held] = await first.queue('q').receive({ visibilitySeconds: 600 });
  first.close();
  const second = open(folder);
  expect(await second.queue('q').receive()).toEqual([]);
  second.reviveMessages();
  const [again, ...others] = await second.queue('q').receive();
  expect(others).toEqual([]);
  expect([again?.messageId, again?.receiveCount]).toEqual([held?.messageId, 2]);
  await second.queue('q').done(held?.receipt ?? '');
  await second.queue('q').extend(again?.receipt ?? '', 0);
  expect(await second.queue('q').receive()).toHaveLength(1);
});

test('delay, visibility and dead letters follow the given clock', async () => {
  let now = 1_000_000;
  const queue = open(testFolder(), () => now).queue('q', { maxReceives: 1 });
  await queue.send({ body: 1, delaySeconds: 900 });
  now += 899_999;
  expect(await queue.receive()).toEqual([]);
  now += 1;
  expect(await queue.receive({ visibilitySeconds: 43_200 })).toHaveLength(1);
  now += 43_199_999;
  expect(await queue.receive()).toEqual([]);
  now += 1;
  expect(await queue.receive()).toEqual([]);
});

test('what is received too often makes way at once for what is behind it', async () => {
  let now = 1_000_000;
  const platform = open(testFolder(), () => now);
  const queue = platform.queue('q', { maxReceives: 1 });
  const poison = Array.from({ length: 25 }, (_, n) => ({ body: n }));
  await queue.send(...poison);
  for (let batch = 0; batch < 3; batch += 1) await queue.receive({ visibilitySeconds: 60 });
  now += 60_000;
  await queue.send({ body: 'good' });
  expect((await queue.receive()).map(({ body }) => JSON.parse(body))).toEqual(['good']);
  const dead: unknown[] = [];
  for (let page = await platform.queue('q-dead').receive(); page.length > 0; ) {
    for (const { body, receipt } of page) {
      dead.push(JSON.parse(body));
      await platform.queue('q-dead').done(receipt);
    }
    page = await platform.queue('q-dead').receive();
  }
  expect(dead.toSorted((a, b) => Number(a) - Number(b))).toEqual(poison.map(({ body }) => body));
});

test('whoever listens hears of each queue that got or got back a message', async () => {
  const platform = open();
  platform.notify('b', 'events');
  const heard: string[] = [];
  const stop = platform.onMessage((queue) => heard.push(queue));
  await platform.queue('q').send({ body: 1 });
  await platform.bucket('b').put('key', 'x');
  const [message] = await platform.queue('q').receive();
  await platform.queue('q').extend(message?.receipt ?? '', 60);
  await platform.queue('q').extend(message?.receipt ?? '', 0);
  stop();
  await platform.queue('q').send({ body: 2 });
  expect(heard).toEqual(['q', 'events', 'q']);
});

test('closing ends a receive that waits, and a later use is an error, not a crash', async () => {
  const platform = openLocal({ folder: testFolder() });
  const [queue, table] = [platform.queue('q'), platform.table('t')];
  const waiting = queue.receive({ waitSeconds: 20 });
  platform.close();
  expect(await waiting).toEqual([]);
  expect(await queue.receive()).toEqual([]);
  await expect(table.get({ pk: 'p', sk: 's' })).rejects.toThrow(/closed/);
  await expect(table.write({ put: { pk: 'p', sk: 's', type: 't' } })).rejects.toThrow(/closed/);
  platform.close();
});
