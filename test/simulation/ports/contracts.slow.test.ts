import { createServer } from 'node:http';
import { afterAll } from 'vitest';
import type { BusEvent } from '../../../shared/platform/ports.ts';
import { bucketContract } from '../../contracts/bucket.ts';
import { busContract } from '../../contracts/bus.ts';
import { fresh } from '../../contracts/contract.ts';
import { queueContract } from '../../contracts/queue.ts';
import { tableContract } from '../../contracts/table.ts';
import { whenListening } from '../../support/listen.ts';
import { asBucket, memoryBucket, type Version } from './bucket.ts';
import { asBus, memoryBus } from './bus.ts';
import { asQueue, memoryQueue } from './queue.ts';
import { asTable, memoryTable } from './table.ts';

const clock = () => Date.now();
const newId = () => fresh('id');
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Its links lead to a real server here, so that they are asked as those of the other worlds are.
const server = createServer((request, response) => {
  const found = bucket.open(`http://127.0.0.1${request.url}`);
  if (typeof found === 'number') return response.writeHead(found).end();
  const { status, headers, bytes } = answer(found, request.headers);
  return response.writeHead(status, headers).end(bytes);
});
const served = await whenListening(server.listen(0, '127.0.0.1'));
afterAll(() => served.close());
const bucket = memoryBucket('uploads', { clock, newId, linkBase: () => served.url });

tableContract('The simulated table', async () => asTable(memoryTable()));
bucketContract('The simulated bucket', async () => asBucket(bucket));
busContract('The simulated bus', async () => {
  const heard: BusEvent[] = [];
  const bus = asBus(memoryBus((event) => heard.push(event)));
  return { bus, told: async () => heard };
});
queueContract('The simulated queue', async ({ maxReceives }) => {
  const deadLetters = memoryQueue('dead', { clock, newId });
  const queue = memoryQueue('queue', { clock, newId, maxReceives, deadLetters });
  return { queue: asQueue(queue, sleep), deadLetters: asQueue(deadLetters, sleep) };
});

function answer({ head, bytes }: Version, { range, 'if-match': ifMatch }: { range?: string; 'if-match'?: string }) {
  const etag = `"${head.etag}"`;
  if (ifMatch !== undefined && ifMatch !== etag) return { status: 412, headers: {}, bytes: undefined };
  const type = head.contentType === undefined ? {} : { 'content-type': head.contentType };
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (range === undefined) return { status: 200, headers: { ...type, etag, 'content-length': head.size }, bytes };
  const first = from === '' ? Math.max(0, head.size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? head.size - 1 : Math.min(Number(to), head.size - 1);
  if (first >= head.size) return { status: 416, headers: {}, bytes: undefined };
  const headers = { ...type, etag, 'content-range': `bytes ${first}-${last}/${head.size}` };
  return { status: 206, headers, bytes: bytes.subarray(first, last + 1) };
}
