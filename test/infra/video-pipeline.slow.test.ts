import { App, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { VideoEngine, VideoPipeline, type VideoPipelineProps } from '../../infra/index.ts';
import { assetsFolder, context, named, newApp, ofType, only, synthesize, type TemplateJson } from './synthesize.ts';

/** A CDK app without our cdk.json. */
function shop(add: (stack: Stack) => void): TemplateJson {
  const stack = new Stack(newApp({}), 'Shop');
  add(stack);
  return Template.fromStack(stack).toJSON() as TemplateJson;
}
const add = (stack: Stack, id: string, props: VideoPipelineProps = {}) =>
  new VideoPipeline(stack, id, { assetsFolder, ...props });

const variablesOf = (template: TemplateJson, id: string) =>
  (only(template, 'AWS::Lambda::Function', id).Properties.Environment as { Variables: Record<string, unknown> })
    .Variables;

describe('VideoPipeline in a CDK app', () => {
  test('a VideoPipeline without props equals a stage without settings, including the engine', () => {
    const template = shop((stack) => add(stack, 'Videos'));
    const { pipeline, engine } = synthesize();
    const typesOf = (...of: TemplateJson[]) =>
      of.flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => Type)).sort();
    // Both halves of a stage have a topic; here the engine's alarms go to the pipeline's.
    const shared = ['AWS::SNS::Topic', 'AWS::SNS::TopicPolicy'];
    expect([...typesOf(template), ...shared].sort()).toEqual(typesOf(pipeline, engine));
    const stage = variablesOf(pipeline, 'StartRun');
    const { SLOTS, UPLOAD_LINK_SECONDS, UNCERTAIN_WAIT_SECONDS, RULES } = variablesOf(template, 'VideosStartRun');
    expect({ SLOTS, UPLOAD_LINK_SECONDS, UNCERTAIN_WAIT_SECONDS, RULES }).toEqual({
      SLOTS: stage.SLOTS,
      UPLOAD_LINK_SECONDS: stage.UPLOAD_LINK_SECONDS,
      UNCERTAIN_WAIT_SECONDS: stage.UNCERTAIN_WAIT_SECONDS,
      RULES: stage.RULES,
    });
  });

  test('an app can hold several pipelines with their own slots, and one engine can serve several', () => {
    const template = shop((stack) => {
      const mosaic = new VideoEngine(stack, 'Engine', { assetsFolder });
      add(stack, 'Short', { mosaic, slots: 3 });
      add(stack, 'Long', { mosaic, slots: 7 });
    });
    expect(ofType(template, 'AWS::DynamoDB::GlobalTable').map(([id]) => named({ Ref: id }))).toEqual([
      'EngineRecordsTable',
      'ShortRunsTable',
      'LongRunsTable',
    ]);
    for (const [id, slots] of Object.entries({ Short: '3', Long: '7' })) {
      const { SLOTS, MOSAIC_API_KEY_SECRET } = variablesOf(template, `${id}StartRun`);
      expect([SLOTS, named(MOSAIC_API_KEY_SECRET)]).toEqual([slots, 'EngineApiKeySecret']);
    }
    const namespaces = ofType(template, 'AWS::Logs::MetricFilter').flatMap(([, { Properties }]) =>
      (Properties.MetricTransformations as { MetricNamespace: string }[]).map(({ MetricNamespace }) => MetricNamespace),
    );
    expect(new Set(namespaces)).toEqual(new Set(['Tessera/Shop/Short', 'Tessera/Shop/Long']));
  });

  test('a pipeline’s outputs begin with its path in the stack, and its alarms use the command’s name for it', () => {
    const template = shop((stack) => add(stack, 'Videos'));
    expect(Object.keys(template.Outputs ?? {})).toEqual(
      expect.arrayContaining(['VideosRunsTable', 'VideosUploadsBucket', 'VideosInitialRules']),
    );
    const { AlarmDescription } = only(template, 'AWS::CloudWatch::Alarm', 'VideosAccountHeld').Properties;
    const text = named(AlarmDescription);
    expect(text).toContain('npx tessera resume --stage Shop/Videos');
    expect(text).toContain('aws secretsmanager put-secret-value --secret-id VideosEngineApiKeySecret');
  });

  test('a VideoPipeline exposes its buckets, its table and its alarm topic', () => {
    shop((stack) => {
      const pipeline = add(stack, 'Videos');
      expect(pipeline.uploads).toBeInstanceOf(Bucket);
      expect(pipeline.deliveries.bucketArn).not.toBe(pipeline.uploads.bucketArn);
      expect(pipeline.runs).toBeInstanceOf(TableV2);
      expect(pipeline.alarmTopic).toBeInstanceOf(Topic);
      expect(pipeline.engine).toBeInstanceOf(VideoEngine);
    });
  });
});

describe('CDK features of the app', () => {
  test('synthesizing an app twice gives the same template', () => {
    const once = () => shop((stack) => add(stack, 'Videos'));
    expect(once()).toEqual(once());
  });

  test('a pipeline can be in CDK stages of two accounts and regions', () => {
    const app = newApp({});
    for (const [id, account, region] of [
      ['Beta', '111111111111', 'us-east-1'],
      ['Live', '222222222222', 'eu-west-1'],
    ] as const)
      add(new Stack(new Stage(app, id, { env: { account, region } }), 'Films'), 'Default');
    const stacks = app.synth().nestedAssemblies.flatMap(({ nestedAssembly }) => nestedAssembly.stacks);
    expect(stacks.map(({ stackName }) => stackName)).toEqual(['Beta-Films', 'Live-Films']);
    for (const { stackName, template } of stacks) {
      expect(variablesOf(template, 'StartRun').METRICS_NAMESPACE).toBe(`Tessera/${stackName}`);
      expect(template.Outputs.RunsTable.Value).toEqual({ Ref: 'RunsTable96AAA230' });
    }
  });

  test('every role has the permissions boundary of the app', () => {
    const template = shop((stack) => {
      PermissionsBoundary.of(stack).apply(ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess'));
      add(stack, 'Videos');
    });
    const bounds = ofType(template, 'AWS::IAM::Role').map(([, { Properties }]) => Properties.PermissionsBoundary);
    expect(bounds).toHaveLength(9);
    expect(bounds).not.toContain(undefined);
  });
});

describe('existing resources of the app', () => {
  test('existing buckets are used without changes, and the key of a bucket construct is known', () => {
    const template = shop((stack) => {
      const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:123456789012:key/of-the-footage');
      const uploads = Bucket.fromBucketAttributes(stack, 'Footage', { bucketName: 'footage', encryptionKey });
      add(stack, 'Videos', { uploads, deliveries: 'results', deliveriesPrefix: 'edited/' });
    });
    expect(ofType(template, 'AWS::S3::Bucket').map(([id]) => named({ Ref: id }))).toEqual([
      'VideosEngineMediaBucket',
      'VideosPayloadsBucket',
    ]);
    expect(ofType(template, 'AWS::S3::BucketPolicy')).toHaveLength(2);
    expect(Object.values(template.Resources).filter(({ Type }) => /^Custom::|Notification/.test(Type))).toEqual([]);
    expect(variablesOf(template, 'VideosStartRun').UPLOADS_BUCKET).toBe('footage');
    expect(variablesOf(template, 'VideosCopyOutput').DELIVERIES_BUCKET).toBe('results');
    expect(JSON.stringify(only(template, 'AWS::IAM::Policy', 'VideosStartRunRole'))).toContain('of-the-footage');
  });

  test('a bucket in another account or region is used there, with its expected owner', () => {
    const key = 'arn:aws:kms:eu-west-1:210987654321:key/of-the-films';
    const place = { bucketName: 'films', region: 'eu-west-1', account: '210987654321' };
    const stack = new Stack(newApp({}), 'Shop', { env: { account: '123456789012', region: 'us-east-1' } });
    const encryptionKey = Key.fromKeyArn(stack, 'Key', key);
    add(stack, 'Videos', { deliveries: Bucket.fromBucketAttributes(stack, 'Films', { ...place, encryptionKey }) });
    const template = Template.fromStack(stack).toJSON() as TemplateJson;
    for (const id of ['VideosCopyOutput', 'VideosReconcile'])
      expect(variablesOf(template, id)).toMatchObject({
        ...{ DELIVERIES_BUCKET: 'films', DELIVERIES_REGION: 'eu-west-1', DELIVERIES_OWNER: '210987654321' },
        DELIVERIES_KEY_ARN: key,
      });
    expect(JSON.stringify(only(template, 'AWS::IAM::Policy', 'VideosCopyOutputRole'))).toContain(
      '"kms:ViaService":"s3.eu-west-1.amazonaws.com"',
    );
  });

  test('a bus of another account is addressed by its ARN', () => {
    const arn = 'arn:aws:events:us-east-1:210987654321:event-bus/central';
    const template = shop((stack) => add(stack, 'Videos', { eventBus: EventBus.fromEventBusArn(stack, 'Bus', arn) }));
    expect(variablesOf(template, 'VideosNotify').EVENT_BUS).toBe(arn);
    expect(template.Outputs?.VideosEventBus?.Value).toBe(arn);
  });

  test('a bucket of the same app gets its events switched on and is otherwise unchanged', () => {
    const template = shop((stack) => add(stack, 'Videos', { uploads: new Bucket(stack, 'Footage') }));
    expect(only(template, 'AWS::S3::Bucket', 'Footage').Properties).toBeUndefined();
    const { Properties } = only(template, 'Custom::S3BucketNotifications', 'Footage');
    expect(Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: {} });
  });

  test('given secrets and a given topic are used unchanged', () => {
    const template = shop((stack) => {
      const mosaic = { apiKey: new Secret(stack, 'Key'), webhookSecret: new Secret(stack, 'Shared') };
      add(stack, 'Videos', { mosaic, alarmTopic: new Topic(stack, 'Pager'), alarmEmail: 'editors@example.com' });
    });
    expect(variablesOf(template, 'VideosSettle').MOSAIC_API_URL).toBe('https://api.mosaic.so');
    expect(ofType(template, 'AWS::SNS::Topic').map(([id]) => named({ Ref: id }))).toEqual(['Pager']);
    for (const [, { Properties }] of ofType(template, 'AWS::CloudWatch::Alarm'))
      expect((Properties.AlarmActions as unknown[]).map(named)).toEqual(['Pager']);
    expect(only(template, 'AWS::SNS::Subscription', 'Pager').Properties.Endpoint).toBe('editors@example.com');
  });
});

describe('faulty props', () => {
  const faultsOf = (props: VideoPipelineProps): string[] => {
    try {
      add(new Stack(new App(), 'Shop'), 'Videos', props);
    } catch (error) {
      return (error as Error).message.split('\n').map((line) => line.replace(/^ {2}- /, ''));
    }
    throw new Error('the props were accepted');
  };
  const secrets = { apiKey: named as never, webhookSecret: named as never };

  test('all faulty props are listed together, with their corrections and the construct', () => {
    expect(faultsOf({ slots: 0, deliveriesPrefix: '/edited', alarmEmail: 'nobody', logRetentionDays: 4 })).toEqual([
      'VideoPipeline "Shop/Videos" cannot be created with these props:',
      expect.stringMatching(/^deliveriesPrefix must be a folder/),
      'slots must be a whole number from 1 to 1000; it is 0',
      expect.stringMatching(/^logRetentionDays must be one of/),
      'alarmEmail must be an e-mail address; it is "nobody"',
    ]);
  });

  test('props that would edit results again, risk paying twice or have no effect are refused', () => {
    expect(faultsOf({ uploads: 'footage', deliveries: 'footage' })[1]).toMatch(
      /^uploads and deliveries are both "footage"/,
    );
    expect(faultsOf({ mosaic: secrets, uncertainWaitSeconds: 60 })[1]).toMatch(
      /^uncertainWaitSeconds must be at least/,
    );
    expect(faultsOf({ mosaic: secrets, engine: { rendersAtOnce: 3 } })[1]).toMatch(
      /^engine configures an engine that the pipeline creates/,
    );
    expect(faultsOf({ rules: { rules: [{ prefix: 'a/' }] } })[1]).toMatch(/^rules\.rules\[0\]\.agentId is missing/);
  });

  test('names that AWS refuses in metrics and tags are refused, also if they come from an id', () => {
    const fault = (name: string) =>
      `name must be 1 to 200 letters from a to z, digits, spaces and . _ / -; it is "${name}"`;
    expect(faultsOf({ name: 'Müller (new)' })[1]).toBe(fault('Müller (new)'));
    expect(() => add(new Stack(new App(), 'Shop'), 'Films: new')).toThrow(fault('Shop/Films: new'));
    expect(() => new VideoEngine(new Stack(new App(), 'Shop'), 'Motor*', { assetsFolder })).toThrow('Shop/Motor*');
  });

  test('faulty engine props name the engine', () => {
    expect(faultsOf({ engine: { renderMemoryMb: 128 } })).toEqual([
      'VideoEngine "Shop/Videos/Engine" cannot be created with these props:',
      'renderMemoryMb must be a whole number from 1769 to 10240; it is 128',
    ]);
  });
});

test('the construct’s defaults equal those in cdk.json', async () => {
  const { engineDefaults, hostedApiUrl, pipelineDefaults } = await import('../../infra/defaults.ts');
  expect(context.tessera.defaults).toEqual({
    engine: 'self-hosted',
    mosaicApiUrl: hostedApiUrl,
    ...pipelineDefaults,
    ...engineDefaults,
  });
});
