import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInput, Missing } from '../../shared/errors.ts';
import { dynamoTable, s3Bucket, sqsQueue } from '../../shared/platform/aws/index.ts';
import type { Item, Received } from '../../shared/platform/ports.ts';
import { checker, textOf } from '../contracts/contract.ts';
import { type Exchange, type Reply, startFaultProxy } from './fault-proxy.ts';
import { createBucket, createQueue, createTable } from './resources.ts';

type Spoil = (exchange: Exchange) => Promise<Reply | 'lost' | undefined>;

/** Spoils the exchanges of one test, in order; then everything passes again. */
let plan: Spoil[] = [];
const spoil: Spoil = async (exchange) => plan.shift()?.(exchange);
const pass: Spoil = async () => undefined;
/** The emulator did it, and the answer never came. */
const losesAnswer: Spoil = async ({ forward }) => {
  await forward();
  return 'lost';
};
const answers =
  (status: number, body: string, headers = {}): Spoil =>
  async () => ({ status, body, headers });

const emulated = ['DYNAMODB', 'S3', 'SQS'].map((service) => process.env[`AWS_ENDPOINT_URL_${service}`]);

const check = checker(
  process.env.TESSERA_TABLE_EMULATOR === 'moto'
    ? { 'a transaction whose answer was lost is done once': 'moto does not know a repeated transaction by its token' }
    : {},
);

describe.skipIf(emulated.includes(undefined))('When AWS answers badly', () => {
  const proxies: Awaited<ReturnType<typeof startFaultProxy>>[] = [];
  let [tableName, bucketName, queueUrl] = ['', '', ''];

  beforeAll(async () => {
    [tableName, bucketName] = [await createTable(), await createBucket()];
    ({ queueUrl } = await createQueue());
    for (const service of ['DYNAMODB', 'S3', 'SQS']) {
      const variable = `AWS_ENDPOINT_URL_${service}`;
      const proxy = await startFaultProxy(process.env[variable] ?? '', spoil);
      process.env[variable] = proxy.url;
      proxies.push(proxy);
    }
    const { pathname } = new URL(queueUrl);
    queueUrl = `${process.env.AWS_ENDPOINT_URL_SQS}${pathname}`;
  });
  afterAll(async () => {
    for (const proxy of proxies) await proxy.stop();
  });

  test('only the messages that a batch refused are sent again', async () => {
    const sizes: number[] = [];
    const refusesTwo: Spoil = async ({ request, forward }) => {
      const batch = JSON.parse(request.toString());
      sizes.push(batch.Entries.length);
      const [kept, refused] = [batch.Entries.slice(2), batch.Entries.slice(0, 2)];
      const answer = await forward(JSON.stringify({ ...batch, Entries: kept }));
      const Failed = refused.map(({ Id }: { Id: string }) => ({ Id, Code: 'InternalError', SenderFault: false }));
      return { ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), Failed }) };
    };
    plan = [
      refusesTwo,
      async ({ request }) => {
        sizes.push(JSON.parse(request.toString()).Entries.length);
        return undefined;
      },
    ];
    await sqsQueue(queueUrl).send(...[0, 1, 2, 3, 4].map((n) => ({ body: { n } })));
    expect(sizes).toEqual([5, 2]);
    const got: Received[] = [];
    while (got.length < 5) got.push(...(await sqsQueue(queueUrl).receive({ waitSeconds: 1 })));
    expect(got.map(({ body }) => JSON.parse(body).n).sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('a message that SQS will never take is an error that says why', async () => {
    const Failed = [{ Id: '0', Code: 'InvalidMessageContents', Message: 'bad character', SenderFault: true }];
    plan = [answers(200, JSON.stringify({ Successful: [], Failed }), { 'content-type': 'application/x-amz-json-1.0' })];
    const sending = sqsQueue(queueUrl).send({ body: 1 });
    await expect(sending).rejects.toThrow(InvalidInput);
    await expect(sending).rejects.toThrow(/bad character/);
  });

  test('a claim whose answer was lost is known as our own; another one is a conflict', async () => {
    const item: Item = { pk: 'UPLOAD#1', sk: 'CLAIM', type: 'claim', runId: 'mine', list: [1, { a: null }] };
    plan = [losesAnswer];
    expect(await dynamoTable(tableName).write({ put: item, if: 'absent' })).toEqual({ done: true });
    plan = [async () => 'lost', pass];
    const answer = await dynamoTable(tableName).write({ put: { ...item, runId: 'other' }, if: 'absent' });
    expect(answer).toEqual({ done: false, conflicts: [{ index: 0, existing: item }] });
  });

  check('a transaction whose answer was lost is done once', async () => {
    const item: Item = { pk: 'RUN#1', sk: 'RUN', type: 'run', n: 0 };
    await dynamoTable(tableName).write({ put: item });
    plan = [losesAnswer];
    const step = { update: item, set: { n: 1 }, if: { n: 0 } };
    const note = { put: { pk: 'RUN#1', sk: 'NOTE', type: 'note' }, if: 'absent' } as const;
    expect(await dynamoTable(tableName).write(step, note)).toEqual({ done: true });
  });

  test('a transaction that met another one is tried again', async () => {
    const reasons = [{ Code: 'TransactionConflict' }, { Code: 'None' }];
    const type = 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException';
    const met = answers(400, JSON.stringify({ __type: type, CancellationReasons: reasons }), {
      'content-type': 'application/x-amz-json-1.0',
    });
    plan = [met, met];
    const puts = ['a', 'b'].map((sk) => ({ put: { pk: 'MET', sk, type: 't' } }));
    expect(await dynamoTable(tableName).write(...puts)).toEqual({ done: true });
    expect(plan).toEqual([]);
    expect((await dynamoTable(tableName).query({ pk: 'MET' })).items).toHaveLength(2);
  });

  test('a put if absent whose answer was lost is known as our own', async () => {
    plan = [losesAnswer];
    const stored = await s3Bucket(bucketName).put('manifest.json', '{"mine":1}', { ifAbsent: true });
    expect(stored.outcome).toBe('stored');
    plan = [async () => 'lost'];
    const other = await s3Bucket(bucketName).put('manifest.json', '{"other":1}', { ifAbsent: true });
    expect(other).toEqual({ outcome: 'exists' });
  });

  test('a publish whose answer was lost is known as our own', async () => {
    const bucket = s3Bucket(bucketName);
    const upload = await bucket.startUpload('video.mp4', { contentType: 'video/mp4' });
    const part = await bucket.putPart(upload, 1, Buffer.from('bytes'));
    plan = [losesAnswer];
    const stored = await bucket.publish(upload, [part], { ifAbsent: true });
    expect(stored).toMatchObject({ outcome: 'stored', head: { size: 5, contentType: 'video/mp4' } });
    expect(await textOf((await bucket.read('video.mp4')).body)).toBe('bytes');
  });

  test('an upload that S3 no longer knows is missing', async () => {
    const bucket = s3Bucket(bucketName);
    const upload = await bucket.startUpload('gone.mp4');
    const part = await bucket.putPart(upload, 1, Buffer.from('bytes'));
    const xml = '<?xml version="1.0"?><Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>';
    const gone = answers(404, xml, { 'content-type': 'application/xml' });
    plan = [gone, gone];
    await expect(bucket.putPart(upload, 2, Buffer.from('x'))).rejects.toThrow(Missing);
    await expect(bucket.publish(upload, [part])).rejects.toThrow(Missing);
  });

  test('two writers that meet get an error that may be tried again, in words', async () => {
    const xml = '<?xml version="1.0"?><Error><Code>ConditionalRequestConflict</Code><Message>x</Message></Error>';
    plan = Array(8).fill(answers(409, xml, { 'content-type': 'application/xml' }));
    const putting = s3Bucket(bucketName).put('met.json', '{}', { ifAbsent: true });
    await expect(putting).rejects.toThrow(/Two writers met at met\.json .* may be tried again/);
    await expect(putting).rejects.not.toThrow(InvalidInput);
    plan = [];
  });
});
