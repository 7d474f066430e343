import { afterAll } from 'vitest';
import { openLocal } from '../../shared/platform/local/index.ts';
import { bucketContract } from '../contracts/bucket.ts';
import { busContract } from '../contracts/bus.ts';
import { fresh } from '../contracts/contract.ts';
import { queueContract } from '../contracts/queue.ts';
import { tableContract } from '../contracts/table.ts';
import { serveLinksOf, temporaryFolder } from './open-world.ts';

const { folder, remove } = temporaryFolder();
const platform = openLocal({ folder });
const stopServing = await serveLinksOf(platform);

afterAll(async () => {
  await stopServing();
  platform.close();
  remove();
});

tableContract('The local table', async () => platform.table('runs'));
bucketContract('The local bucket', async () => platform.bucket('uploads'), {
  tagsOf: (_bucket, key) => platform.bucket('uploads').tags(key),
});
queueContract('The local queue', async (options) => {
  const name = fresh('queue');
  return { queue: platform.queue(name, options), deadLetters: platform.queue(`${name}-dead`) };
});
busContract('The local bus', async () => {
  const after = platform.events({ after: 0, limit: 10_000 }).at(-1)?.place ?? 0;
  return { bus: platform.bus(), told: async () => platform.events({ after }) };
});
