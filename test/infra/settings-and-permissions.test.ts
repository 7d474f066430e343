import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Door, doors } from '../../infra/doors.ts';
import { functionSettings } from '../../infra/function-settings.ts';
import { named, ofType, type Properties, synthesize, type TemplateJson } from './synthesize.ts';

const rules = { rules: [{ prefix: 'interviews/', suffixes: ['.mp4'], agentId: 'agent-1' }] };
const { pipeline, engine } = synthesize({ rules, trustedHosts: ['cdn.example.com', 'media.example.com:8443'] });

const settingsOf = (door: Door): Record<string, string> => {
  const found = functionSettings(pipeline)[door] ?? functionSettings(engine)[door] ?? {};
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, named(value)]));
};

describe('each function has exactly the settings that its door reads', () => {
  const mosaic = { MOSAIC_API_URL: 'engine DoorApi.ApiEndpoint', MOSAIC_API_KEY_SECRET: 'engine ApiKeySecret' };
  const trusted = { TRUSTED_HOSTS: 'cdn.example.com,media.example.com:8443' };
  const engineStores = { ENGINE_TABLE: 'RecordsTable', MEDIA_BUCKET: 'MediaBucket', WORK_QUEUE: 'WorkQueue' };
  const expected: Record<Door, Record<string, string>> = {
    'start-run': {
      RUNS_TABLE: 'RunsTable',
      UPLOADS_BUCKET: 'UploadsBucket',
      START_QUEUE: 'StartsQueue',
      SETTLE_QUEUE: 'SettlesQueue',
      ...mosaic,
      CALLBACK_URL: 'DoorApi.ApiEndpoint',
      RULES: JSON.stringify(rules),
      SLOTS: '10',
      UPLOAD_LINK_SECONDS: '21600',
      UNCERTAIN_WAIT_SECONDS: '600',
    },
    webhook: { RUNS_TABLE: 'RunsTable', SETTLE_QUEUE: 'SettlesQueue', WEBHOOK_SECRET_SECRET: 'engine WebhookSecret' },
    settle: {
      RUNS_TABLE: 'RunsTable',
      START_QUEUE: 'StartsQueue',
      COPY_QUEUE: 'CopiesQueue',
      ...mosaic,
      UNCERTAIN_WAIT_SECONDS: '600',
      RUN_DEADLINE_SECONDS: '86400',
    },
    'copy-output': {
      RUNS_TABLE: 'RunsTable',
      DELIVERIES_BUCKET: 'DeliveriesBucket',
      ...mosaic,
      ...trusted,
    },
    reconcile: { RUNS_TABLE: 'RunsTable', SETTLE_QUEUE: 'SettlesQueue', START_QUEUE: 'StartsQueue' },
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
  test.each(doors)('%s', (door) => {
    expect(settingsOf(door)).toEqual(expected[door]);
  });
});

test.each(doors)('the settings that %s reads at its start are those that it is given', (door) => {
  const entry = readFileSync(new URL(`../../functions/aws/${door}.ts`, import.meta.url), 'utf8');
  const read = [...entry.matchAll(/\['([A-Z][A-Z_]+)',/g)].map(([, name]) => name);
  expect(read.sort()).toEqual(Object.keys(settingsOf(door)).sort());
});

describe('each function may do exactly this', () => {
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
      'UploadsBucket.Arn': 's3:ListBucket',
      'UploadsBucket.Arn/*': readObjects,
      'engine ApiKeySecret': secret,
    },
    Webhook: { ...own('WebhookLog'), ...table('RunsTable'), 'SettlesQueue.Arn': send, 'engine WebhookSecret': secret },
    Settle: {
      ...own('SettleLog'),
      ...table('RunsTable'),
      'SettlesQueue.Arn': consumed,
      'StartsQueue.Arn': send,
      'CopiesQueue.Arn': send,
      'engine ApiKeySecret': secret,
    },
    CopyOutput: {
      ...own('CopyOutputLog'),
      ...table('RunsTable'),
      'CopiesQueue.Arn': consumed,
      'DeliveriesBucket.Arn': 's3:ListBucket',
      'DeliveriesBucket.Arn/*': writeObjects,
      'engine ApiKeySecret': secret,
    },
    Reconcile: { ...own('ReconcileLog'), ...table('RunsTable'), 'SettlesQueue.Arn': send, 'StartsQueue.Arn': send },
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

  test.each(Object.keys(expected))('%s', (name) => {
    expect(permissionsOf(name)).toEqual(expected[name]);
  });

  test('and there is no other role, nor a policy that AWS manages', () => {
    const roles = [pipeline, engine].flatMap((template) => ofType(template, 'AWS::IAM::Role'));
    expect(roles).toHaveLength(doors.length);
    for (const [, { Properties }] of roles) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.Policies).toBeUndefined();
    }
  });
});

/** Resource → its sorted actions; a statement that is not a plain "allow these" fails the test. */
function permissionsOf(name: string): Record<string, string> {
  const template = [pipeline, engine].find((one) => policiesOf(one, name).length > 0);
  const statements = policiesOf(template as TemplateJson, name).flatMap(
    ([, { Properties }]) => (Properties.PolicyDocument as { Statement: Properties[] }).Statement,
  );
  const actions: Record<string, string[]> = {};
  for (const { Effect, Action, Resource, ...more } of statements) {
    expect({ Effect, more }).toEqual({ Effect: 'Allow', more: {} });
    for (const resource of [Resource].flat().map(named)) {
      actions[resource] = [...(actions[resource] ?? []), ...([Action].flat() as string[])];
    }
  }
  return Object.fromEntries(Object.entries(actions).map(([resource, list]) => [resource, list.sort().join(' ')]));
}

const policiesOf = (template: TemplateJson, name: string) =>
  ofType(template, 'AWS::IAM::Policy').filter(([id]) => id.startsWith(`${name}Role`));
