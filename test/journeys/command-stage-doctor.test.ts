import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { badReceipt, refusal, type StageServer, secret, stageServer } from './command-stage-server.ts';
import { typed } from './run-command.ts';

let server: StageServer;
let outputs: Record<string, string>;
const before = process.env;
beforeAll(async () => {
  server = await stageServer();
  ({ outputs } = server);
});
afterAll(() => server.close());
beforeEach(() => {
  server.answers.clear();
  server.outputs = { ...outputs };
  server.stackStatus = 'UPDATE_COMPLETE';
  server.asked.length = 0;
  process.env = {
    ...before,
    ...{ AWS_ENDPOINT_URL: server.url, AWS_ENDPOINT_URL_S3: server.url, AWS_REGION: 'eu-central-1' },
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_MAX_ATTEMPTS: '1' },
    ...{ AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' },
  };
});
afterEach(() => {
  process.env = before;
});

type Found = { name: string; state: string; says: string; cure?: string };
const onStage = (...words: string[]) => typed([...words, '--stage', 'demo'], '/');
async function doctor() {
  const { code, out, err } = await onStage('doctor', '--json');
  const { findings } = JSON.parse(out) as { findings: Found[] };
  const named = (name: string) => findings.find((each) => each.name === name);
  return { code, err, named, bad: findings.filter(({ state }) => state === 'bad') };
}

test('the doctor finds nothing to fix on a healthy stage, and writes nothing to it', async () => {
  const { code, bad, named } = await doctor();
  expect({ code, bad }).toEqual({ code: 0, bad: [] });
  expect(named('credentials')?.says).toContain('arn:aws:iam::123456789012:user/ops');
  expect(named('permissions')?.says).toContain('dynamodb:UpdateItem');
  expect(named('mosaic')?.says).toContain('Film Ltd');
  expect(named('alarms')?.says).toContain('1 in the stack');
  expect(server.asked.filter((name) => /BatchWrite|TransactWrite|PutObject|PutSecret/.test(name))).toEqual([]);
});

test('the doctor names each missing part of a stage with its fix, and exits with 1', async () => {
  server.answers.set('DynamoDB.UpdateItem', refusal('dynamodb:UpdateItem'));
  server.answers.set('SQS.DeleteMessage', (body) =>
    body.includes('Copy-dead') ? refusal('sqs:DeleteMessage') : badReceipt,
  );
  server.answers.set('secretsmanager.GetSecretValue', (body) => ({
    status: 200,
    text: secret(body.includes('"key"') ? 'RandomTextOfTheDeploy' : `whsec_${Buffer.alloc(24).toString('base64')}`),
  }));
  server.answers.set('GET /whoami', { status: 401, text: '{"error":"no such key"}' });
  server.answers.set('POST /webhook/doctor', { status: 403, text: 'blocked' });
  server.answers.set('GET /uploads-demo/?notification', { status: 200, text: '<NotificationConfiguration/>' });
  server.answers.set('SQS.GetQueueAttributes', (body) => ({
    status: 200,
    text: JSON.stringify({ Attributes: { ApproximateNumberOfMessages: body.includes('Copy-dead') ? '3' : '0' } }),
  }));
  const { code, bad, err } = await doctor();
  expect(code).toBe(1);
  expect(err).toContain(`${bad.length} things to fix`);
  const cures = Object.fromEntries(bad.map(({ name, says, cure }) => [name, `${says} → ${cure}`]));
  expect(cures).toEqual({
    'dynamodb:UpdateItem': expect.stringMatching(/not authorized.*allow dynamodb:UpdateItem/),
    'sqs:DeleteMessage of the dead copies': expect.stringContaining('allow sqs:DeleteMessage'),
    'API key': expect.stringMatching(/random text of the deploy → npm run secrets -- demo/),
    mosaic: expect.stringContaining('npm run secrets -- demo'),
    webhook: expect.stringContaining('answers 403 where 404 was expected'),
    'bucket events': expect.stringContaining('switch-events-on.ts demo'),
    'dead letters': expect.stringMatching(/3 in copies → .*tessera redrive --dry-run --stage demo/),
  });
  const all = JSON.stringify(bad);
  expect(all).not.toContain('whsec_');
});

test('the doctor finds secrets that were never set, a broken or older stack, and rules whose agent does not exist', async () => {
  server.stackStatus = 'UPDATE_ROLLBACK_COMPLETE';
  const { NotifyDeadLetters: _, SigningSecret: __, ...older } = outputs;
  server.outputs = older;
  server.answers.set('GET /agent/agent-1', { status: 404, text: '{"error":"no such agent"}' });
  server.answers.set('secretsmanager.ListSecrets', {
    status: 200,
    text: JSON.stringify({ SecretList: [unset] }),
  });
  const { bad } = await doctor();
  const says = bad.map((each) => `${each.name}: ${each.says} → ${each.cure}`).join('\n');
  expect(says).toContain('stack: tessera-demo-pipeline is UPDATE_ROLLBACK_COMPLETE');
  expect(says).toMatch(/does not say its NotifyDeadLetters, SigningSecret: .*older Tessera → deploy it again/);
  expect(says).toContain('the rule in names the agent agent-1, which is not there');
  expect(says).toContain('webhook secret: is still the random text of the deploy');
});

const unset = {
  ...{ ARN: 'arn', Name: 'webhook', CreatedDate: 1_790_000_000, LastChangedDate: 1_790_000_000.5 },
  Tags: [
    { Key: 'tessera:stage', Value: 'demo' },
    { Key: 'tessera:secret', Value: 'webhook-secret' },
  ],
};

test('without credentials or a stack the doctor reports only that', async () => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = process.env;
  process.env = nobody;
  const first = await doctor();
  expect(first.bad.map(({ name, says }) => `${name}: ${says}`)).toEqual([
    expect.stringContaining('credentials: There are no AWS credentials'),
  ]);
  process.env = { ...nobody, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const { code, err, out } = await typed(['doctor', '--stage', 'dmeo'], '/');
  expect(code).toBe(1);
  expect(out).toContain('✗ stack        There is no stack tessera-dmeo-pipeline in eu-central-1');
  expect(err).toContain('1 thing to fix');
});

test('dead letters of a stage go back through its own queues; a stage too old to name them says so', async () => {
  const body = JSON.stringify({ runId: 'r', outputId: 'o' });
  const letter = {
    ...{ MessageId: 'm-1', ReceiptHandle: 'receipt-1', Body: body },
    MD5OfBody: createHash('md5').update(body).digest('hex'),
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1790000000000' },
  };
  let left = 1;
  server.answers.set('SQS.ReceiveMessage', (request) => {
    const isThere = request.includes('Copy-dead') && left > 0;
    return { status: 200, text: JSON.stringify(isThere ? { Messages: [letter] } : {}) };
  });
  const took = (request: string) => {
    if (request.includes('Copy-dead')) left -= 1;
    return { status: 200, text: '{}' };
  };
  server.answers.set('SQS.DeleteMessage', took);
  server.answers.set('SQS.DeleteMessageBatch', took);
  const { code, out } = await onStage('redrive', 'copies');
  expect({ code, left }).toEqual({ code: 0, left: 0 });
  expect(out).toContain('1 message back: 1 in copies');
  expect(server.asked.indexOf('SQS.SendMessageBatch')).toBeLessThan(
    server.asked.findIndex((name) => name.startsWith('SQS.DeleteMessage')),
  );
  server.outputs = Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.endsWith('DeadLetters')));
  expect((await onStage('redrive')).err).toMatch(/stage demo does not say its StartDeadLetters.*Deploy it again/);
  expect((await onStage('runs')).code).toBe(0);
});

test('a pipeline in a user’s own CDK app is found by its stack and its id in that stack', async () => {
  server.outputs = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [`Video${name}`, value]));
  const inApp = (name: string) => typed(['runs', '--stage', name], '/');
  expect(await inApp('tessera-demo-pipeline/Video')).toMatchObject({ code: 0 });
  expect((await inApp('tessera-demo-pipeline')).err).toContain('--stage tessera-demo-pipeline/ID');
});
