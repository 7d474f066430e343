import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Door, doors } from '../../infra/function-names.ts';
import { functionSettings } from '../../infra/function-settings.ts';
import { borrowed, named, ofType, type Properties, synthesize, type TemplateJson } from './synthesize.ts';

const rules = { rules: [{ prefix: 'interviews/', suffixes: ['.mp4'], agentId: 'agent-1' }] };
const { pipeline, engine } = synthesize({ rules, trustedHosts: ['cdn.example.com', 'media.example.com:8443'] });

const settingsOf = (door: Door): Record<string, string> => {
  const found = functionSettings(pipeline)[door] ?? functionSettings(engine)[door] ?? {};
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, named(value)]));
};

describe('exact settings of each function', () => {
  const mosaic = { MOSAIC_API_URL: 'engine DoorApi.ApiEndpoint', MOSAIC_API_KEY_SECRET: 'engine ApiKeySecret' };
  const trusted = { TRUSTED_HOSTS: 'cdn.example.com,media.example.com:8443' };
  const measured = { METRICS_NAMESPACE: 'Tessera/dev' };
  const notified = { NOTIFY_QUEUE: 'NoticesQueue' };
  const engineStores = { ENGINE_TABLE: 'RecordsTable', MEDIA_BUCKET: 'MediaBucket', WORK_QUEUE: 'WorkQueue' };
  const expected: Record<Door, Record<string, string>> = {
    'start-run': {
      RUNS_TABLE: 'RunsTable',
      UPLOADS_BUCKET: 'UploadsBucket',
      LINK_ROLE: 'StartRunLinkSigner.Arn',
      START_QUEUE: 'StartsQueue',
      SETTLE_QUEUE: 'SettlesQueue',
      ...notified,
      ...measured,
      ...mosaic,
      CALLBACK_URL: 'DoorApi.ApiEndpoint',
      RULES: JSON.stringify(rules),
      SLOTS: '10',
      UPLOAD_LINK_SECONDS: '3600',
      UNCERTAIN_WAIT_SECONDS: '600',
    },
    webhook: {
      RUNS_TABLE: 'RunsTable',
      SETTLE_QUEUE: 'SettlesQueue',
      PAYLOADS_BUCKET: 'PayloadsBucket',
      WEBHOOK_SECRET_SECRET: 'engine WebhookSecret',
    },
    settle: {
      RUNS_TABLE: 'RunsTable',
      START_QUEUE: 'StartsQueue',
      SETTLE_QUEUE: 'SettlesQueue',
      COPY_QUEUE: 'CopiesQueue',
      ...notified,
      ...measured,
      ...mosaic,
      RULES: JSON.stringify(rules),
      UNCERTAIN_WAIT_SECONDS: '600',
      RUN_DEADLINE_SECONDS: '86400',
    },
    'copy-output': {
      RUNS_TABLE: 'RunsTable',
      DELIVERIES_BUCKET: 'DeliveriesBucket',
      DELIVERIES_OWNER: 'AWS::AccountId',
      DELIVERIES_PREFIX: '',
      COPY_QUEUE: 'CopiesQueue',
      SLICE_SECONDS: '120',
      ...notified,
      ...measured,
      ...mosaic,
      ...trusted,
    },
    notify: {
      RUNS_TABLE: 'RunsTable',
      EVENT_BUS: 'Events',
      DELIVERIES_BUCKET: 'DeliveriesBucket',
      SIGNING_SECRET_SECRET: 'SigningSecret',
      ...notified,
      ...measured,
      ...trusted,
    },
    reconcile: {
      RUNS_TABLE: 'RunsTable',
      SETTLE_QUEUE: 'SettlesQueue',
      START_QUEUE: 'StartsQueue',
      DELIVERIES_BUCKET: 'DeliveriesBucket',
      DELIVERIES_OWNER: 'AWS::AccountId',
      RECONCILE_MINUTES: '5',
      ...notified,
      ...measured,
    },
    'engine-api': { ...engineStores, ENGINE_KEY_SECRET: 'ApiKeySecret', ...trusted, RENDER_LIMIT_SECONDS: '780' },
    'engine-work': {
      ...engineStores,
      WEBHOOK_SECRET_SECRET: 'WebhookSecret',
      ...trusted,
      FFMPEG_PATH: '/var/task/bin/ffmpeg',
      FFPROBE_PATH: '/var/task/bin/ffprobe',
      RENDER_LIMIT_SECONDS: '780',
    },
  };
  test.each(doors)('%s has exactly these settings in the template', (door) => {
    expect(settingsOf(door)).toEqual(expected[door]);
  });
});

test.each(doors)('%s gets exactly the settings that it reads at startup', (door) => {
  const entry = readFileSync(new URL(`../../functions/aws/${door}.ts`, import.meta.url), 'utf8');
  const read = [...entry.matchAll(/\['([A-Z][A-Z_]+)', (optional)?/g)];
  const names = (some: readonly RegExpExecArray[]) => some.map(([, name = '']) => name).sort();
  const given = Object.keys(settingsOf(door));
  // Of those that it can do without, a stage that asks for nothing special gives only some.
  const needed = read.filter(([, name = '', optional]) => optional === undefined || given.includes(name));
  expect(names(needed)).toEqual(given.sort());
});

test('retention and a foreign deliveries bucket are passed to the functions that need them', () => {
  const deliveriesKeyArn = 'arn:aws:kms:eu-west-1:210987654321:key/0aa5b3f4-4f0e-4a3c-9d3c-000000000000';
  const place = { deliveriesBucket: 'results', deliveriesRegion: 'eu-west-1', deliveriesAccount: '210987654321' };
  const template = synthesize({ retentionDays: 30, deliveriesKeyArn, ...place }).pipeline;
  const given = functionSettings(template);
  const elsewhere = {
    DELIVERIES_BUCKET: 'results',
    DELIVERIES_REGION: 'eu-west-1',
    DELIVERIES_OWNER: '210987654321',
    DELIVERIES_KEY_ARN: deliveriesKeyArn,
  };
  expect(given['copy-output']).toMatchObject(elsewhere);
  expect(given.reconcile).toMatchObject(elsewhere);
  expect(given.notify?.RETENTION_DAYS).toBe('30');
  for (const { Condition } of keyStatementsOf('CopyOutput', template))
    expect(Condition.StringEquals).toEqual({ 'kms:ViaService': 's3.eu-west-1.amazonaws.com' });
});

describe('exact permissions of each function', () => {
  const own = (log: string) => ({ [`${log}.Arn`]: 'logs:CreateLogStream logs:PutLogEvents' });
  const table = (id: string) => ({
    [`${id}.Arn`]:
      'dynamodb:ConditionCheckItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem',
    [`arn:AWS::Partition:dynamodb:AWS::Region:AWS::AccountId:table/${id}/index/index`]: 'dynamodb:Query',
  });
  const consumed = 'sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage';
  const send = 'sqs:SendMessage';
  const readObjects = 's3:GetObject s3:GetObjectVersion';
  const writeObjects = `s3:AbortMultipartUpload ${readObjects} s3:ListMultipartUploadParts s3:PutObject`;
  const secret = 'secretsmanager:GetSecretValue';
  const expected: Record<string, Record<string, string>> = {
    StartRun: {
      ...own('StartRunLog'),
      ...table('RunsTable'),
      'StartsQueue.Arn': `${consumed} ${send}`,
      'SettlesQueue.Arn': send,
      'NoticesQueue.Arn': send,
      'UploadsBucket.Arn': 's3:ListBucket',
      'UploadsBucket.Arn/*': `${readObjects} s3:RestoreObject`,
      'StartRunLinkSigner.Arn': 'sts:AssumeRole',
      'engine ApiKeySecret': secret,
    },
    StartRunLinkSigner: { 'UploadsBucket.Arn/*': readObjects },
    Webhook: {
      ...own('WebhookLog'),
      'RunsTable.Arn': 'dynamodb:GetItem dynamodb:PutItem',
      'SettlesQueue.Arn': send,
      'PayloadsBucket.Arn/*': 's3:PutObject',
      'engine WebhookSecret': secret,
    },
    Settle: {
      ...own('SettleLog'),
      ...table('RunsTable'),
      'SettlesQueue.Arn': `${consumed} ${send}`,
      'StartsQueue.Arn': send,
      'CopiesQueue.Arn': send,
      'NoticesQueue.Arn': send,
      'engine ApiKeySecret': secret,
    },
    CopyOutput: {
      ...own('CopyOutputLog'),
      ...table('RunsTable'),
      'CopiesQueue.Arn': `${consumed} ${send}`,
      'NoticesQueue.Arn': send,
      'DeliveriesBucket.Arn': 's3:ListBucket',
      'DeliveriesBucket.Arn/*': `${writeObjects} s3:PutObjectTagging`,
      'engine ApiKeySecret': secret,
    },
    Notify: {
      ...own('NotifyLog'),
      ...table('RunsTable'),
      'RunsTable.Arn': 'dynamodb:DeleteItem dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem',
      'NoticesQueue.Arn': `${consumed} ${send}`,
      'Events.Arn': 'events:PutEvents',
      SigningSecret: secret,
    },
    Reconcile: {
      ...own('ReconcileLog'),
      ...table('RunsTable'),
      'RunsTable.Arn': 'dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem',
      'SettlesQueue.Arn': send,
      'StartsQueue.Arn': send,
      'NoticesQueue.Arn': send,
      // Parts that nobody will finish are found and thrown away, and nothing else can be done there.
      'DeliveriesBucket.Arn': 's3:ListBucketMultipartUploads',
      'DeliveriesBucket.Arn/*': 's3:AbortMultipartUpload s3:ListMultipartUploadParts',
    },
    EngineApi: {
      ...own('EngineApiLog'),
      ...table('RecordsTable'),
      'MediaBucket.Arn': 's3:ListBucket',
      'MediaBucket.Arn/*': readObjects,
      'WorkQueue.Arn': send,
      ApiKeySecret: secret,
    },
    EngineWork: {
      ...own('EngineWorkLog'),
      ...table('RecordsTable'),
      'MediaBucket.Arn': 's3:ListBucket',
      'MediaBucket.Arn/*': writeObjects,
      'WorkQueue.Arn': `${consumed} ${send}`,
      WebhookSecret: secret,
    },
  };

  test.each(Object.keys(expected))('%s has exactly these permissions', (name) => {
    expect(permissionsOf(name)).toEqual(expected[name]);
  });

  test('with tracing every function may also write traces, and nothing more', () => {
    const { pipeline: tracing } = synthesize({ tracing: true });
    const names = ['StartRun', 'Webhook', 'Settle', 'CopyOutput', 'Notify', 'Reconcile'];
    for (const name of names)
      expect(permissionsOf(name, tracing)['*']).toBe('xray:PutTelemetryRecords xray:PutTraceSegments');
    const modes = ofType(tracing, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties.TracingConfig);
    expect(modes).toEqual(names.map(() => ({ Mode: 'Active' })));
  });

  test('the stacks have no other roles and no AWS managed policies', () => {
    const roles = [pipeline, engine].flatMap((template) => ofType(template, 'AWS::IAM::Role'));
    expect(roles).toHaveLength(Object.keys(expected).length);
    for (const [, { Properties }] of roles) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.Policies).toBeUndefined();
    }
  });

  test('Lambda assumes every role except the link signer, which only start-run can assume, for an hour', () => {
    const trusts = [pipeline, engine]
      .flatMap((template) => ofType(template, 'AWS::IAM::Role'))
      .map(([id, { Properties }]) => {
        const { Statement } = Properties.AssumeRolePolicyDocument as { Statement: { Principal: Properties }[] };
        expect(Statement).toMatchObject([{ Effect: 'Allow', Action: 'sts:AssumeRole' }]);
        const [who, ...others] = Statement.flatMap(({ Principal }) => Object.values(Principal)).map(named);
        expect(others).toEqual([]);
        return [named({ Ref: id }), who, Properties.MaxSessionDuration];
      });
    expect(trusts.filter(([, who]) => who !== 'lambda.amazonaws.com')).toEqual([
      ['StartRunLinkSigner', 'StartRunRole.Arn', 3_600],
    ]);
  });

  test('wildcards in policies cover only the objects of one bucket', () => {
    const wide = Object.keys(expected).flatMap((name) =>
      Object.keys(permissionsOf(name)).filter((resource) => resource.includes('*')),
    );
    expect([...new Set(wide)].sort()).toEqual([
      'DeliveriesBucket.Arn/*',
      'MediaBucket.Arn/*',
      'PayloadsBucket.Arn/*',
      'UploadsBucket.Arn/*',
    ]);
    const actions = Object.keys(expected).flatMap((name) => Object.values(permissionsOf(name)).join(' ').split(' '));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });
});

describe('existing buckets', () => {
  const { pipeline: borrowing } = synthesize(borrowed);
  const arn = 'arn:AWS::Partition:s3:::';
  const readObjects = 's3:GetObject s3:GetObjectVersion';
  const throughS3 = { StringEquals: { 'kms:ViaService': 's3.AWS::Region.amazonaws.com' } };

  test('with existing buckets start-run reads and restores uploads, its signer reads them, copy-output writes in its folder', () => {
    expect(permissionsOf('StartRun', borrowing)).toMatchObject({
      [`${arn}footage`]: 's3:ListBucket',
      [`${arn}footage/*`]: `${readObjects} s3:RestoreObject`,
    });
    expect(permissionsOf('StartRunLinkSigner', borrowing)).toEqual({ [`${arn}footage/*`]: readObjects });
    const copying = permissionsOf('CopyOutput', borrowing);
    expect(Object.keys(copying).filter((resource) => resource.includes(':s3:'))).toEqual([
      `${arn}footage`,
      `${arn}footage/edited/*`,
    ]);
  });

  test('only functions that read or write an existing bucket may use its KMS key, and only through S3', () => {
    const users = ['StartRun', 'StartRunLinkSigner', 'CopyOutput', 'Webhook', 'Settle', 'Notify', 'Reconcile'].map(
      (name) => [name, ...new Set(keyStatementsOf(name, borrowing).map((one) => JSON.stringify(one)))],
    );
    const allowed = (Action: unknown) =>
      JSON.stringify({ Action, Resource: borrowed.uploadsKeyArn, Condition: throughS3 });
    expect(users).toEqual([
      ['StartRun', allowed('kms:Decrypt')],
      ['StartRunLinkSigner', allowed('kms:Decrypt')],
      ['CopyOutput', allowed(['kms:Decrypt', 'kms:GenerateDataKey'])],
      ['Webhook'],
      ['Settle'],
      ['Notify'],
      ['Reconcile'],
    ]);
  });
});

/** Resource → its sorted actions; a statement that is not a plain "allow these" fails the test. */
function permissionsOf(name: string, among?: TemplateJson): Record<string, string> {
  const actions: Record<string, string[]> = {};
  for (const { Effect, Action, Resource, ...more } of statementsOf(name, among).filter((one) => !isOfKey(one))) {
    expect({ Effect, more }).toEqual({ Effect: 'Allow', more: {} });
    for (const resource of [Resource].flat().map(named)) {
      actions[resource] = [...(actions[resource] ?? []), ...([Action].flat() as string[])];
    }
  }
  return Object.fromEntries(
    Object.entries(actions).map(([resource, list]) => [resource, [...new Set(list)].sort().join(' ')]),
  );
}

const isOfKey = ({ Action }: Properties): boolean => [Action].flat().some((action) => `${action}`.startsWith('kms:'));

const keyStatementsOf = (name: string, among: TemplateJson) =>
  statementsOf(name, among)
    .filter(isOfKey)
    .map(({ Action, Resource, Condition }) => {
      const { StringEquals } = Condition as { StringEquals: { 'kms:ViaService': unknown } };
      const via = named(StringEquals['kms:ViaService']);
      return { Action, Resource, Condition: { StringEquals: { 'kms:ViaService': via } } };
    });

function statementsOf(name: string, among?: TemplateJson): Properties[] {
  const template = (among ? [among] : [pipeline, engine]).find((one) => policiesOf(one, name).length > 0);
  return policiesOf(template as TemplateJson, name).flatMap(
    ([, { Properties }]) => (Properties.PolicyDocument as { Statement: Properties[] }).Statement,
  );
}

const policiesOf = (template: TemplateJson, name: string) => {
  const role = name.endsWith('LinkSigner') ? name : `${name}Role`;
  return ofType(template, 'AWS::IAM::Policy').filter(([id]) => id.startsWith(`${role}DefaultPolicy`));
};
