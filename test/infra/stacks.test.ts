import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { addStage, borrowed, named, newApp, ofType, only, synthesize } from './synthesize.ts';

const { pipeline, engine } = synthesize();
const both = [pipeline, engine];
const all = (type: string) => both.flatMap((template) => ofType(template, type));

describe('queues', () => {
  const queues = all('AWS::SQS::Queue').filter(([id]) => !id.includes('DeadLetters'));

  test('starts, settles, copies and work are the queues', () => {
    expect(queues.map(([id]) => id.replace(/Queue.*/, '')).sort()).toEqual(['Copies', 'Settles', 'Starts', 'Work']);
  });

  test('each hands a message out five times, then puts it among its own dead letters, where it lies for 14 days', () => {
    for (const [id, { Properties }] of queues) {
      const { deadLetterTargetArn, maxReceiveCount } = Properties.RedrivePolicy as Record<string, unknown>;
      expect([named(deadLetterTargetArn), maxReceiveCount]).toEqual([`${id.replace(/Queue.*/, '')}DeadLetters.Arn`, 5]);
    }
    for (const [, { Properties }] of all('AWS::SQS::Queue')) expect(Properties.MessageRetentionPeriod).toBe(1_209_600);
  });

  test('an alarm rings at the first dead letter and says how to have it tried again', () => {
    for (const [id] of queues) {
      const name = id.replace(/Queue.*/, '');
      const template = name === 'Work' ? engine : pipeline;
      const { Properties } = only(template, 'AWS::CloudWatch::Alarm', `${name}DeadLettersAlarm`);
      const [dimension] = Properties.Dimensions as { Value: unknown }[];
      expect(named(dimension?.Value)).toBe(`${name}DeadLetters.QueueName`);
      expect(Properties).toMatchObject({
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        EvaluationPeriods: 1,
      });
      expect(named(Properties.AlarmDescription)).toContain(
        `--source-arn ${name}DeadLetters.Arn --destination-arn ${name}Queue.Arn`,
      );
    }
  });

  test('a message stays hidden for as long as its function may run, which AWS demands', () => {
    for (const template of both) {
      for (const [, { Properties }] of ofType(template, 'AWS::Lambda::EventSourceMapping')) {
        const queue = only(template, 'AWS::SQS::Queue', named(Properties.EventSourceArn).replace('.Arn', ''));
        const consumer = only(template, 'AWS::Lambda::Function', named(Properties.FunctionName));
        expect(queue.Properties.VisibilityTimeout).toBe(consumer.Properties.Timeout);
        expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
        // Without these, waiting runs and busy hours would put sound messages among the dead letters.
        expect(consumer.Properties.RecursiveLoop).toBe('Allow');
        expect(Properties.ScalingConfig).toEqual({ MaximumConcurrency: 5 });
      }
    }
  });
});

describe('buckets', () => {
  const buckets = all('AWS::S3::Bucket');

  test('uploads, deliveries, media and payloads are the buckets; each is private, encrypted, versioned and kept', () => {
    expect(buckets.map(([id]) => id.replace(/Bucket.*/, '')).sort()).toEqual([
      'Deliveries',
      'Media',
      'Payloads',
      'Uploads',
    ]);
    for (const [, { Properties, DeletionPolicy }] of buckets) {
      expect(DeletionPolicy).toBe('Retain');
      expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
      expect(Object.values(Properties.PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true]);
      expect(Properties.BucketEncryption).toBeDefined();
    }
  });

  test('each refuses whoever comes without TLS 1.2', () => {
    const policies = all('AWS::S3::BucketPolicy').map(([, { Properties }]) =>
      JSON.stringify(Properties.PolicyDocument),
    );
    expect(policies).toHaveLength(buckets.length);
    for (const policy of policies) {
      expect(policy).toContain('"aws:SecureTransport":"false"');
      expect(policy).toContain('"s3:TlsVersion":1.2');
      expect(policy).not.toContain('"Allow"');
    }
  });

  test('parts of an upload that nobody finished are gone after a week', () => {
    for (const [, { Properties }] of buckets) {
      const { Rules } = Properties.LifecycleConfiguration as { Rules: object[] };
      expect(Rules[0]).toMatchObject({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' });
    }
  });

  test('what was reported and was too large for the table is gone after 90 days; no video ever is', () => {
    for (const [id, { Properties }] of buckets) {
      const { Rules } = Properties.LifecycleConfiguration as { Rules: object[] };
      const ending = Rules.slice(1);
      if (id.startsWith('Payloads'))
        expect(ending).toMatchObject([
          { ExpirationInDays: 90, NoncurrentVersionExpiration: { NoncurrentDays: 1 }, Status: 'Enabled' },
          { ExpiredObjectDeleteMarker: true, Status: 'Enabled' },
        ]);
      else expect(ending).toEqual([]);
    }
  });

  test('uploads and deliveries tell EventBridge, with no function of the CDK that may change other buckets', () => {
    const telling = buckets.filter(([, { Properties }]) => Properties.NotificationConfiguration !== undefined);
    expect(telling.map(([id]) => id.replace(/Bucket.*/, '')).sort()).toEqual(['Deliveries', 'Uploads']);
    for (const [, { Properties }] of telling) {
      expect(Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    }
    expect(all('Custom::S3BucketNotifications')).toEqual([]);
    expect(all('AWS::Lambda::Function')).toHaveLength(7);
  });
});

describe('what leads where', () => {
  test('a finished upload becomes a message to start-run, and what cannot be handed over joins the dead letters', () => {
    const { Properties } = only(pipeline, 'AWS::Events::Rule', 'UploadsUploaded');
    const pattern = Properties.EventPattern as { detail: { bucket: { name: unknown[] } } };
    // No filter by reason: a put, a form, a copy and many parts all make an object. What comes back from its archive
    // wakes the run that waits for it.
    expect(pattern).toMatchObject({
      source: ['aws.s3'],
      'detail-type': ['Object Created', 'Object Restore Completed'],
    });
    expect(Object.keys(pattern.detail)).toEqual(['bucket']);
    expect(pattern.detail.bucket.name.map(named)).toEqual(['UploadsBucket']);
    const targets = Properties.Targets as { Arn: unknown; DeadLetterConfig: { Arn: unknown } }[];
    expect(targets.map(({ Arn, DeadLetterConfig }) => [named(Arn), named(DeadLetterConfig.Arn)])).toEqual([
      ['StartsQueue.Arn', 'StartsDeadLetters.Arn'],
    ]);
  });

  test('each queue wakes its function; long work comes one message at a time', () => {
    const mappings = all('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => [
      named(Properties.EventSourceArn),
      named(Properties.FunctionName),
      Properties.BatchSize,
    ]);
    expect(mappings.sort()).toEqual([
      ['CopiesQueue.Arn', 'CopyOutputFunction', 1],
      ['SettlesQueue.Arn', 'SettleFunction', 1],
      ['StartsQueue.Arn', 'StartRunFunction', 10],
      ['WorkQueue.Arn', 'EngineWorkFunction', 1],
    ]);
  });

  test('every five minutes the schedule wakes reconcile, whose failing has an alarm', () => {
    const { Properties } = only(pipeline, 'AWS::Events::Rule', 'EveryFewMinutes');
    expect(Properties.ScheduleExpression).toBe('rate(5 minutes)');
    expect((Properties.Targets as { Arn: unknown }[]).map(({ Arn }) => named(Arn))).toEqual(['ReconcileFunction.Arn']);
    expect(only(pipeline, 'AWS::CloudWatch::Alarm', 'ReconcileFailing').Properties).toMatchObject({
      MetricName: 'Errors',
      EvaluationPeriods: 3,
    });
  });

  test('the pipeline answers one route only; the engine decides on its routes itself', () => {
    const routes = (template: typeof pipeline) =>
      ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey);
    expect(routes(pipeline)).toEqual(['POST /webhook/{runId}']);
    expect(routes(engine)).toEqual(['$default']);
    const permissions = ofType(pipeline, 'AWS::Lambda::Permission').map(([, { Properties }]) => [
      Properties.Principal,
      named(Properties.FunctionName),
    ]);
    expect(permissions.sort()).toEqual([
      ['apigateway.amazonaws.com', 'WebhookFunction.Arn'],
      ['events.amazonaws.com', 'ReconcileFunction.Arn'],
    ]);
  });

  test('requests are limited, and their log holds no path, for a path holds a run id', () => {
    for (const [, { Properties }] of all('AWS::ApiGatewayV2::Stage')) {
      expect(Properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 });
      const { Format } = Properties.AccessLogSettings as { Format: string };
      expect(Format).toContain('$context.routeKey');
      expect(Format).not.toMatch(/\$context\.(path|http\.path|identity\.userAgent)/);
    }
  });
});

test('engine-work is x86_64 with FFmpeg beside it, 15 minutes and room for a large video; the others are ARM', () => {
  const worker = only(engine, 'AWS::Lambda::Function', 'EngineWork').Properties;
  expect(worker).toMatchObject({
    Architectures: ['x86_64'],
    Timeout: 900,
    MemorySize: 10_240,
    EphemeralStorage: { Size: 10_240 },
  });
  const others = all('AWS::Lambda::Function').filter(([id]) => !id.startsWith('EngineWork'));
  for (const [, { Properties }] of others) expect(Properties.Architectures).toEqual(['arm64']);
});

test('tables are paid per request, restorable, kept, forget what has expired, and have the one index', () => {
  for (const [, { Properties, DeletionPolicy }] of all('AWS::DynamoDB::GlobalTable')) {
    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      KeySchema: [{ AttributeName: 'pk' }, { AttributeName: 'sk' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'index',
          KeySchema: [{ AttributeName: 'ipk' }, { AttributeName: 'isk' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    });
  }
});

test('logs are kept for as long as the stage says', () => {
  const short = synthesize({ logRetentionDays: 7 });
  const groups = [short.pipeline, short.engine].flatMap((template) => ofType(template, 'AWS::Logs::LogGroup'));
  expect(groups).toHaveLength(9);
  for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(7);
});

describe('secrets', () => {
  test('with our own engine they are generated, none is in the template, and both stacks read the same', () => {
    expect(ofType(pipeline, 'AWS::SecretsManager::Secret')).toEqual([]);
    const key = only(engine, 'AWS::SecretsManager::Secret', 'ApiKeySecret').Properties;
    expect(named(key.SecretString)).toBe('mk_{{resolve:secretsmanager:ApiKeyRandom:SecretString:::}}');
    const others = ofType(engine, 'AWS::SecretsManager::Secret').filter(([id]) => !id.startsWith('ApiKeySecret'));
    for (const [, { Properties }] of others) {
      expect(Properties.GenerateSecretString).toEqual({ ExcludePunctuation: true, PasswordLength: 48 });
    }
  });

  test('with hosted Mosaic there is no engine, and the pipeline says how to set the account’s own', () => {
    const hosted = synthesize({ engine: 'mosaic' });
    expect(hosted.engine.Resources).toEqual({});
    const variables = only(hosted.pipeline, 'AWS::Lambda::Function', 'Settle').Properties.Environment as {
      Variables: Record<string, unknown>;
    };
    expect(variables.Variables.MOSAIC_API_URL).toBe('https://api.mosaic.so');
    expect(named(variables.Variables.MOSAIC_API_KEY_SECRET)).toBe('MosaicApiKeySecret');
    expect(hosted.pipeline.Outputs?.NextStep).toMatchObject({ Value: 'npm run secrets -- dev' });
  });
});

describe('with buckets that were there before', () => {
  const { pipeline: borrowing } = synthesize(borrowed);

  test('the stack has no bucket but its payloads’, and nothing that could change theirs', () => {
    expect(ofType(borrowing, 'AWS::S3::Bucket').map(([id]) => id.replace(/Bucket.*/, ''))).toEqual(['Payloads']);
    expect(ofType(borrowing, 'AWS::S3::BucketPolicy')).toHaveLength(1);
    const types = Object.values(borrowing.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^Custom::|CustomResource|Notification/.test(type))).toEqual([]);
    expect(ofType(borrowing, 'AWS::Lambda::Function')).toHaveLength(5);
  });

  test('their events come from the same bus', () => {
    const { Properties } = only(borrowing, 'AWS::Events::Rule', 'UploadsUploaded');
    expect(Properties.EventPattern).toMatchObject({
      'detail-type': ['Object Created', 'Object Restore Completed'],
      detail: { bucket: { name: ['footage'] } },
    });
  });
});

test('the pipeline says what the tessera command needs to know', () => {
  const outputs = ({ Outputs = {} }: typeof pipeline) =>
    Object.fromEntries(Object.entries(Outputs).map(([name, { Value }]) => [name, named(Value)]));
  const { MosaicApiUrl, MosaicApiKeySecret, InitialRules, WebhookUrl: _, ...places } = outputs(pipeline);
  expect(places).toEqual({
    RunsTable: 'RunsTable',
    UploadsBucket: 'UploadsBucket',
    DeliveriesBucket: 'DeliveriesBucket',
    PayloadsBucket: 'PayloadsBucket',
    StartQueue: 'StartsQueue',
    SettleQueue: 'SettlesQueue',
  });
  expect([MosaicApiUrl, MosaicApiKeySecret]).toEqual(['engine DoorApi.ApiEndpoint', 'engine ApiKeySecret']);
  expect(JSON.parse(InitialRules ?? '').rules).toHaveLength(3);
  // CloudFormation refuses an output without a value.
  expect(outputs(synthesize(borrowed).pipeline)).toMatchObject({
    UploadsBucket: 'footage',
    DeliveriesBucket: 'footage',
    DeliveriesPrefix: 'edited/',
  });
});

test('with an address, every alarm is sent there, and its all-clear where it has one', () => {
  const told = synthesize({ alarmEmail: 'editors@example.com' });
  const alarms = [told.pipeline, told.engine].flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));
  expect(alarms).toHaveLength(10);
  for (const [, { Properties }] of alarms) {
    const actions = (list: unknown) => ((list ?? []) as unknown[]).map(named);
    expect(actions(Properties.AlarmActions)).toEqual(['Alarms']);
    // That nothing more was logged does not mean that somebody has done something.
    expect(actions(Properties.OKActions)).toEqual(
      String(Properties.Namespace).startsWith('Tessera/') ? [] : ['Alarms'],
    );
  }
});

test('docs/deploy.md counts the alarms that an idle month pays for', () => {
  const text = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  const alarms = ({ Resources }: typeof pipeline) =>
    Object.values(Resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm').length;
  const own = alarms(pipeline) + alarms(engine);
  const hosted = alarms(synthesize({ engine: 'mosaic' }).pipeline);
  expect(text).toContain(
    `| alarms, 0.10 each (${own}; ${hosted}) | ${(own / 10).toFixed(2)} | ${(hosted / 10).toFixed(2)} |`,
  );
  for (const column of [1, 2]) {
    const table = text.slice(text.indexOf('| | own engine | hosted |')).split('\n\n')[0]?.split('\n').slice(2) ?? [];
    const costs = table.map((line) => Number(line.split('|')[column + 1]?.replaceAll('*', '')));
    expect(costs.slice(0, -1).reduce((sum, cost) => sum + cost, 0)).toBeCloseTo(costs.at(-1) ?? 0, 2);
  }
});

test('two stages stand side by side in one account: nothing has a name of its own', () => {
  const app = newApp();
  addStage(app, {}, 'dev');
  addStage(app, {}, 'prod');
  const { stacks } = app.synth();
  expect(stacks.map(({ stackName }) => stackName).sort()).toEqual([
    'tessera-dev-engine',
    'tessera-dev-pipeline',
    'tessera-prod-engine',
    'tessera-prod-pipeline',
  ]);
  const names = [
    'BucketName',
    'QueueName',
    'TableName',
    'FunctionName',
    'RoleName',
    'LogGroupName',
    'AlarmName',
    'TopicName',
  ];
  const namedResources = stacks
    .flatMap(({ template }) => Object.values<{ Type: string; Properties: Record<string, unknown> }>(template.Resources))
    .filter(({ Type }) => Type !== 'AWS::Lambda::EventSourceMapping' && Type !== 'AWS::Lambda::Permission')
    .filter(({ Properties }) => names.some((name) => typeof Properties?.[name] === 'string'));
  expect(namedResources).toEqual([]);
});

describe('the AwsSolutions pack of cdk-nag', () => {
  test.each([
    ['our own engine', { alarmEmail: 'editors@example.com' }],
    ['hosted Mosaic', { engine: 'mosaic' }],
    ['buckets that were there before', borrowed],
  ])('finds nothing that is not explained, with %s', (_, own) => {
    const app = newApp();
    addStage(app, own);
    app.synth();
    const { violations } = new AwsSolutionsChecks().validateScope(app);
    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });

  test('would find a careless bucket', () => {
    const app = new App();
    new Bucket(new Stack(app, 'Careless'), 'Bucket');
    const { violations } = new AwsSolutionsChecks().validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName).sort()).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });
});
