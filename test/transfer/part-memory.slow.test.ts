import { expect, test } from 'vitest';
import { layoutOf, stretchesOf } from '../../shared/transfer/parts.ts';
import { type PartMemory, partMemory } from '../../shared/transfer/transfer.ts';
import { honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;

/** Room for two parts, and word of when so many were asked for. */
function watchedMemory(count: number): { memory: PartMemory; asked: Promise<void> } {
  const inner = partMemory(2 * part);
  let seen = 0;
  let enough = () => {};
  const asked = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const take: PartMemory['take'] = (...args) => {
    seen += 1;
    if (seen === count) enough();
    return inner.take(...args);
  };
  return { memory: { ...inner, take }, asked };
}

test.each([
  ['for good', true, 'rejected'],
  ['once', false, 'fulfilled'],
])(
  'copies that share memory do not wait for one another when their sources break (%s)',
  async (_, isForGood, status) => {
    const file = movie(5 * part);
    const { memory, asked } = watchedMemory(4);
    let goOn = () => {};
    const bothRead = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let others = 0;
    const copies = await Promise.all(
      [1, 2].map(async () => {
        let seen = 0;
        const source = await sourceServer(async (request, response, ask) => {
          seen += 1;
          // Each copy's first connection waits for room for the second part while its second one reads the first part.
          if (seen === 1) {
            const end = response.end.bind(response);
            response.end = ((bytes: Buffer) => {
              response.write(bytes.subarray(0, mebibyte));
              bothRead.then(() => end(bytes.subarray(mebibyte)));
            }) as typeof response.end;
          }
          if (seen === 2) {
            others += 1;
            if (others === 2) goOn();
            await asked;
          }
          if (seen === 2 || (isForGood && seen > 2)) return void response.destroy();
          honest(file)(request, response, ask);
        });
        return transferWorld(source);
      }),
    );
    const ended = await Promise.allSettled(copies.map(({ attempt }) => attempt({}, { memory, connections: 2 })));
    expect(ended.map((each) => each.status)).toEqual([status, status]);
  },
);

test('what is no longer waited for is refused, and passes on', async () => {
  const memory = partMemory(10);
  const first = await memory.take(8);
  const [second, third] = [memory.take(6), memory.take(2)];
  memory.forgo(second);
  await expect(second).rejects.toThrow('any longer');
  expect((await third).byteLength).toBe(2);
  memory.forgo(third);
  memory.release(first);
  expect((await memory.take(8)).byteLength).toBe(8);
});

test('of a file so large that memory holds two parts, several connections read each part', async () => {
  const layout = layoutOf(300 * 1024 ** 3);
  expect(layout.partBytes).toBe(32 * mebibyte);
  const numbers = Array.from({ length: 100 }, (_, at) => at + 1);
  const stretches = stretchesOf(layout, numbers, { connections: 12, perPart: 6 });
  expect(stretches).toHaveLength(600);
  expect(stretches.reduce((sum, { size }) => sum + size, 0)).toBe(100 * 32 * mebibyte);

  const file = movie(4 * part);
  // Nobody is answered before all but the first connection have asked.
  const waiting: (() => void)[] = [];
  const source = await sourceServer((request, response, asked) => {
    if (asked.range === `bytes=0-${2 * mebibyte - 1}`) return honest(file)(request, response, asked);
    waiting.push(() => honest(file)(request, response, asked));
    if (source.asked.length > 7) for (const answer of waiting.splice(0)) answer();
  });
  const { attempt, delivered } = await transferWorld(source);
  await attempt({}, { memory: partMemory(2 * part), connections: 8 });
  expect((await delivered()).equals(file)).toBe(true);
});
