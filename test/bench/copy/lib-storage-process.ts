import { get, type IncomingMessage } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { bucketName } from './bucket-name.ts';
import type { CopyJob } from './contender.ts';
import { atOnce, objectsAtOnce, partMib } from './parallel.ts';

/** Copies with `Upload` of @aws-sdk/lib-storage, as its documentation shows: a stream in, parts out. */
process.once('message', async ({ objects }: CopyJob) => {
  const s3 = new S3Client({ forcePathStyle: true });
  const waiting = [...objects];
  const copyNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const Body = await open(next.link);
      const params = { Bucket: bucketName, Key: next.key, Body };
      await new Upload({ client: s3, params, queueSize: atOnce, partSize: partMib * 1024 * 1024 }).done();
    }
  };
  await Promise.all(Array.from({ length: objectsAtOnce }, copyNext));
  process.disconnect();
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

const open = (link: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(link, (answer) =>
      answer.statusCode === 200 ? resolve(answer) : reject(new Error(`The source answers ${answer.statusCode}.`)),
    ).once('error', reject);
  });
