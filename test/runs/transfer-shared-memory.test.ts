import { expect, test } from 'vitest';
import { partMemory } from '../../shared/runs/transfer.ts';
import { type Answer, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

const part = 8 * mebibyte;

/** Answers the opening; of what comes later the first `broken` answers break after a byte or none. */
function breaking(file: Buffer, broken: number): Answer {
  let seen = 0;
  return (request, response, asked) => {
    if (asked.range === `bytes=0-${2 * mebibyte - 1}`) return honest(file)(request, response, asked);
    seen += 1;
    if (seen > broken) return honest(file)(request, response, asked);
    response.destroy();
  };
}

test.each([
  ['for good', Number.POSITIVE_INFINITY, 'rejected'],
  ['for a moment', 3, 'fulfilled'],
])('copies that share memory, whose sources break %s, do not wait for one another', async (_, broken, status) => {
  const file = movie(5 * part);
  const memory = partMemory(2 * part);
  const copies = await Promise.all(
    [1, 2].map(async () => {
      const source = await sourceServer(breaking(file, broken));
      return transferWorld(source);
    }),
  );
  const ended = await Promise.allSettled(copies.map(({ attempt }) => attempt({}, { memory, connections: 4 })));
  expect(ended.map((each) => each.status)).toEqual([status, status]);
});
