import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { addStage, borrowed, named, newApp, ofType, only, synthesize, synthesizeAs } from './synthesize.ts';

const { pipeline, engine } = synthesize();
const both = [pipeline, engine];
const all = (type: string) => both.flatMap((template) => ofType(template, type));

describe('queues', () => {
  const queues = all('AWS::SQS::Queue').filter(([id]) => !id.includes('DeadLetters'));

  test('the queues are starts, settles, copies, notices and work', () => {
    const names = queues.map(([id]) => id.replace(/Queue.*/, ''));
    expect(names.sort()).toEqual(['Copies', 'Notices', 'Settles', 'Starts', 'Work']);
  });

  test('every queue retries a message several times, then keeps it for 14 days in its own dead-letter queue', () => {
    for (const [id, { Properties }] of queues) {
      const { deadLetterTargetArn, maxReceiveCount } = Properties.RedrivePolicy as Record<string, unknown>;
      const name = id.replace(/Queue.*/, '');
      // A receiver of webhooks may be away for a night.
      const receives = name === 'Notices' ? 8 : 5;
      expect([named(deadLetterTargetArn), maxReceiveCount]).toEqual([`${name}DeadLetters.Arn`, receives]);
    }
    for (const [, { Properties }] of all('AWS::SQS::Queue')) expect(Properties.MessageRetentionPeriod).toBe(1_209_600);
  });

  test('the first dead letter raises an alarm that says how to redrive it', () => {
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
        name === 'Work'
          ? '--source-arn WorkDeadLetters.Arn --destination-arn WorkQueue.Arn'
          : `npm run tessera -- redrive ${name.toLowerCase()} --stage dev`,
      );
    }
  });

  test('messages that wait too long raise an alarm', () => {
    const seconds: Record<string, number> = {
      Starts: 1_800,
      Settles: 1_800,
      Copies: 3_600,
      Notices: 3_600,
      Work: 7_200,
    };
    for (const [id] of queues) {
      const name = id.replace(/Queue.*/, '');
      const { Properties } = only(name === 'Work' ? engine : pipeline, 'AWS::CloudWatch::Alarm', `${name}WaitsAlarm`);
      const [dimension] = Properties.Dimensions as { Value: unknown }[];
      expect(named(dimension?.Value)).toBe(`${name}Queue.QueueName`);
      expect(Properties).toMatchObject({
        MetricName: 'ApproximateAgeOfOldestMessage',
        Threshold: seconds[name],
        EvaluationPeriods: 3,
      });
    }
  });

  test('a queue’s visibility timeout equals its function’s timeout', () => {
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

  test('the buckets are uploads, deliveries, media and payloads; each is private, encrypted, versioned and kept', () => {
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

  test('every bucket refuses requests without TLS 1.2', () => {
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

  test('every bucket deletes the parts of unfinished uploads after a week', () => {
    for (const [, { Properties }] of buckets) {
      const { Rules } = Properties.LifecycleConfiguration as { Rules: object[] };
      expect(Rules[0]).toMatchObject({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' });
    }
  });

  test('payloads expire after 90 days; videos never expire', () => {
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

  test('uploads and deliveries send events to EventBridge without a custom resource', () => {
    const telling = buckets.filter(([, { Properties }]) => Properties.NotificationConfiguration !== undefined);
    expect(telling.map(([id]) => id.replace(/Bucket.*/, '')).sort()).toEqual(['Deliveries', 'Uploads']);
    for (const [, { Properties }] of telling) {
      expect(Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    }
    expect(all('Custom::S3BucketNotifications')).toEqual([]);
    expect(all('AWS::Lambda::Function')).toHaveLength(8);
  });
});

describe('routes between resources', () => {
  test('an upload becomes a message for start-run, and an undeliverable event becomes a dead letter', () => {
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

  test('each queue invokes its function, with one message at a time for long work', () => {
    const mappings = all('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => [
      named(Properties.EventSourceArn),
      named(Properties.FunctionName),
      Properties.BatchSize,
    ]);
    expect(mappings.sort()).toEqual([
      ['CopiesQueue.Arn', 'CopyOutputFunction', 1],
      ['NoticesQueue.Arn', 'NotifyFunction', 10],
      ['SettlesQueue.Arn', 'SettleFunction', 1],
      ['StartsQueue.Arn', 'StartRunFunction', 10],
      ['WorkQueue.Arn', 'EngineWorkFunction', 1],
    ]);
  });

  test('an account with ten concurrent calls can give every queue two', () => {
    const small = synthesize({ workersAtOnce: 2, rendersAtOnce: 2 });
    const atOnce = [small.pipeline, small.engine]
      .flatMap((template) => ofType(template, 'AWS::Lambda::EventSourceMapping'))
      .map(([, { Properties }]) => (Properties.ScalingConfig as { MaximumConcurrency: number }).MaximumConcurrency);
    expect(atOnce).toEqual([2, 2, 2, 2, 2]);
    const usual = all('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
    for (const { ScalingConfig, FunctionResponseTypes } of usual)
      expect([ScalingConfig, FunctionResponseTypes]).toEqual([{ MaximumConcurrency: 5 }, ['ReportBatchItemFailures']]);
  });

  test('a schedule invokes reconcile every five minutes, and its failures raise an alarm', () => {
    const { Properties } = only(pipeline, 'AWS::Events::Rule', 'EveryFewMinutes');
    expect(Properties.ScheduleExpression).toBe('rate(5 minutes)');
    expect((Properties.Targets as { Arn: unknown }[]).map(({ Arn }) => named(Arn))).toEqual(['ReconcileFunction.Arn']);
    expect(only(pipeline, 'AWS::CloudWatch::Alarm', 'ReconcileFailing').Properties).toMatchObject({
      MetricName: 'Errors',
      EvaluationPeriods: 3,
    });
  });

  test('the pipeline’s endpoint has one route; the engine’s routes everything to its function', () => {
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

  test('endpoints are throttled, and their access log has no paths, because a path contains a run id', () => {
    for (const [, { Properties }] of all('AWS::ApiGatewayV2::Stage')) {
      expect(Properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 });
      const { Format } = Properties.AccessLogSettings as { Format: string };
      expect(Format).toContain('$context.routeKey');
      expect(Format).not.toMatch(/\$context\.(path|http\.path|identity\.userAgent)/);
    }
  });
});

test('engine-work is x86_64 with FFmpeg, 15 minutes and a large disk; the other functions are ARM', () => {
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

test('tables are paid per request, restorable and kept, with a TTL and one index', () => {
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

test('logs are kept for the stage’s retention', () => {
  const short = synthesize({ logRetentionDays: 7 });
  const groups = [short.pipeline, short.engine].flatMap((template) => ofType(template, 'AWS::Logs::LogGroup'));
  expect(groups).toHaveLength(10);
  for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBe(7);
});

describe('secrets', () => {
  test('our engine’s secrets are generated, in no template, and shared by both stacks', () => {
    const own = ofType(pipeline, 'AWS::SecretsManager::Secret').map(([id]) => named({ Ref: id }));
    expect(own).toEqual(['SigningSecret']);
    const key = only(engine, 'AWS::SecretsManager::Secret', 'ApiKeySecret').Properties;
    expect(named(key.SecretString)).toBe('mk_{{resolve:secretsmanager:ApiKeyRandom:SecretString:::}}');
    const others = ofType(engine, 'AWS::SecretsManager::Secret').filter(([id]) => !id.startsWith('ApiKeySecret'));
    for (const [, { Properties }] of others) {
      expect(Properties.GenerateSecretString).toEqual({ ExcludePunctuation: true, PasswordLength: 48 });
    }
  });

  test('with hosted Mosaic there is no engine, and an output says how to set the secrets', () => {
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

describe('existing buckets', () => {
  const { pipeline: borrowing } = synthesize(borrowed);

  test('with existing buckets the stack creates only the payloads bucket, and nothing that could change the others', () => {
    expect(ofType(borrowing, 'AWS::S3::Bucket').map(([id]) => id.replace(/Bucket.*/, ''))).toEqual(['Payloads']);
    expect(ofType(borrowing, 'AWS::S3::BucketPolicy')).toHaveLength(1);
    const types = Object.values(borrowing.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^Custom::|CustomResource|Notification/.test(type))).toEqual([]);
    expect(ofType(borrowing, 'AWS::Lambda::Function')).toHaveLength(6);
  });

  test('no resource of the stack is an existing bucket or configures one', () => {
    const about = Object.entries(borrowing.Resources).filter(([, { Properties }]) =>
      JSON.stringify(Properties ?? {}).includes('footage'),
    );
    // Who may reach them, where to find them, and which events lead to us: all of it ours.
    expect([...new Set(about.map(([, { Type }]) => Type))].sort()).toEqual([
      'AWS::Events::Rule',
      'AWS::IAM::Policy',
      'AWS::Lambda::Function',
    ]);
  });

  test('events of an existing bucket come from the same bus', () => {
    const { Properties } = only(borrowing, 'AWS::Events::Rule', 'UploadsUploaded');
    expect(Properties.EventPattern).toMatchObject({
      'detail-type': ['Object Created', 'Object Restore Completed'],
      detail: { bucket: { name: ['footage'] } },
    });
  });
});

test('the stack outputs contain everything that the tessera command needs', () => {
  const outputs = ({ Outputs = {} }: typeof pipeline) =>
    Object.fromEntries(Object.entries(Outputs).map(([name, { Value }]) => [name, named(Value)]));
  const {
    MosaicApiUrl,
    MosaicApiKeySecret,
    InitialRules,
    WebhookUrl: _,
    Dashboard = '',
    ...places
  } = outputs(pipeline);
  expect(Dashboard).toContain('#dashboards/dashboard/Dashboard');
  expect(places).toEqual({
    RunsTable: 'RunsTable',
    UploadsBucket: 'UploadsBucket',
    DeliveriesBucket: 'DeliveriesBucket',
    PayloadsBucket: 'PayloadsBucket',
    StartQueue: 'StartsQueue',
    StartDeadLetters: 'StartsDeadLetters',
    SettleQueue: 'SettlesQueue',
    SettleDeadLetters: 'SettlesDeadLetters',
    CopyQueue: 'CopiesQueue',
    CopyDeadLetters: 'CopiesDeadLetters',
    NotifyQueue: 'NoticesQueue',
    NotifyDeadLetters: 'NoticesDeadLetters',
    EventBus: 'Events',
    SigningSecret: 'SigningSecret',
    AlarmTopic: 'Alarms',
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

test('every alarm and all-clear goes to the topic, and alarmEmail is subscribed', () => {
  const told = synthesize({ alarmEmail: 'editors@example.com' });
  const alarms = [told.pipeline, told.engine].flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));
  expect(alarms).toHaveLength(all('AWS::CloudWatch::Alarm').length);
  for (const template of [told.pipeline, told.engine])
    expect(only(template, 'AWS::SNS::Subscription', 'Alarms').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'editors@example.com',
    });
  for (const [, { Properties }] of alarms) {
    const actions = (list: unknown) => ((list ?? []) as unknown[]).map(named);
    expect(actions(Properties.AlarmActions)).toEqual(['Alarms']);
    // A quiet log does not mean that the problem is fixed.
    expect(actions(Properties.OKActions)).toEqual(
      String(Properties.Namespace).startsWith('Tessera/') && Properties.MetricName !== 'StuckRuns' ? [] : ['Alarms'],
    );
  }
});

test('every function has an alarm on crashes, and stuck runs have one', () => {
  const functions = all('AWS::Lambda::Function').map(([id]) => named({ Ref: id }));
  const watched = all('AWS::CloudWatch::Alarm')
    .filter(([, { Properties }]) => Properties.MetricName === 'Errors')
    .map(([, { Properties }]) => named((Properties.Dimensions as { Value: unknown }[])[0]?.Value));
  expect(watched.sort()).toEqual(functions.sort());
  expect(only(pipeline, 'AWS::CloudWatch::Alarm', 'StartRunFailing').Properties).toMatchObject({
    DatapointsToAlarm: 3,
    EvaluationPeriods: 6,
  });
  expect(only(pipeline, 'AWS::CloudWatch::Alarm', 'RunsStuck').Properties).toMatchObject({
    Namespace: 'Tessera/dev',
    MetricName: 'StuckRuns',
    Statistic: 'Maximum',
    EvaluationPeriods: 3,
  });
});

test('the events of runs go to the stage’s own bus or to an existing one', () => {
  expect(ofType(pipeline, 'AWS::Events::EventBus')).toHaveLength(1);
  const given = synthesize({ eventBus: 'default' }).pipeline;
  expect(ofType(given, 'AWS::Events::EventBus')).toEqual([]);
  const { Environment } = only(given, 'AWS::Lambda::Function', 'Notify').Properties;
  expect((Environment as { Variables: object }).Variables).toMatchObject({ EVENT_BUS: 'default' });
  expect(given.Outputs?.EventBus?.Value).toBe('default');
});

describe('the dashboard', () => {
  const bodyOf = (template: typeof pipeline) =>
    named(only(template, 'AWS::CloudWatch::Dashboard', 'Dashboard').Properties.DashboardBody);

  test('the dashboard shows runs by status, time in each state, bytes, queues, errors, slots and log alarms', () => {
    const body = bodyOf(pipeline);
    for (const measure of ['RunsEnded', 'RunsFailed', 'TimeInState', 'BytesDelivered', 'OpenRuns', 'SlotsTaken'])
      expect(body).toContain(measure);
    for (const [id] of ofType(pipeline, 'AWS::SQS::Queue')) expect(body).toContain(`${named({ Ref: id })}.QueueName`);
    for (const [id] of ofType(pipeline, 'AWS::Lambda::Function')) expect(body).toContain(named({ Ref: id }));
    for (const held of ['AccountHeld', 'UploadDenied', 'LimitReached'])
      expect(body).toContain(`"Tessera/dev","${held}"`);
  });

  test('the dashboard can be left out', () => {
    const { pipeline: without } = synthesize({ dashboard: false });
    expect(ofType(without, 'AWS::CloudWatch::Dashboard')).toEqual([]);
    expect(without.Outputs?.Dashboard).toBeUndefined();
  });
});

describe('the costs of an idle month in docs/deploy.md', () => {
  const text = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  const hosted = [synthesize({ engine: 'mosaic' }).pipeline];
  const count = (type: string, among = both) => among.flatMap((template) => ofType(template, type)).length;
  const dollars = (amount: number) => amount.toFixed(2);

  test.each([
    ['alarms, 0.10 each', 'AWS::CloudWatch::Alarm', 0.1],
    ['secrets, 0.40 each', 'AWS::SecretsManager::Secret', 0.4],
  ])('docs/deploy.md counts %s', (what, type, price) => {
    const [own, others] = [count(type), count(type, hosted)];
    expect(text).toContain(`| ${what} (${own}; ${others}) | ${dollars(own * price)} | ${dollars(others * price)} |`);
  });

  test('docs/deploy.md counts the queues that Lambda polls', () => {
    const [own, others] = [both, hosted].map((among) => count('AWS::Lambda::EventSourceMapping', among)) as [
      number,
      number,
    ];
    const cost = (queues: number) => dollars((queues * 648_000 * 0.4) / 1_000_000);
    expect(text).toContain(`for each of ${own} (${others}) queues, 0.40 a million | ${cost(own)} | ${cost(others)} |`);
  });

  test('docs/deploy.md adds up the costs of an idle month', () => {
    for (const column of [1, 2]) {
      const table = text.slice(text.indexOf('| | own engine | hosted |')).split('\n\n')[0]?.split('\n').slice(2) ?? [];
      const costs = table.map((line) => Number(line.split('|')[column + 1]?.replaceAll('*', '')));
      expect(costs.slice(0, -1).reduce((sum, cost) => sum + cost, 0)).toBeCloseTo(costs.at(-1) ?? 0, 2);
    }
  });
});

test('two stages fit into one account, because no resource has a fixed name', () => {
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
    'DashboardName',
  ];
  const namedResources = stacks
    .flatMap(({ template }) => Object.values<{ Type: string; Properties: Record<string, unknown> }>(template.Resources))
    .filter(({ Type }) => Type !== 'AWS::Lambda::EventSourceMapping' && Type !== 'AWS::Lambda::Permission')
    .filter(({ Properties }) => names.some((name) => typeof Properties?.[name] === 'string'));
  expect(namedResources).toEqual([]);
  // AWS makes no name for a bus, so the CDK does, of the stack's.
  const buses = stacks.flatMap(({ template }) =>
    Object.values<{ Type: string; Properties: { Name: string } }>(template.Resources).flatMap(({ Type, Properties }) =>
      Type === 'AWS::Events::EventBus' ? [Properties.Name] : [],
    ),
  );
  expect(buses.map((bus) => bus.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
    'tesseradevpipelineEvents',
    'tesseraprodpipelineEvents',
  ]);
});

test('two stages with one API key divide its slots and have their own metrics and alarms', () => {
  const stages = {
    dev: synthesizeAs('dev', { engine: 'mosaic', slots: 3 }),
    prod: synthesizeAs('prod', { engine: 'mosaic', slots: 7 }),
  };
  for (const [name, slots] of [
    ['dev', '3'],
    ['prod', '7'],
  ] as const) {
    const { Environment } = only(stages[name], 'AWS::Lambda::Function', 'StartRun').Properties;
    expect((Environment as { Variables: object }).Variables).toMatchObject({
      SLOTS: slots,
      METRICS_NAMESPACE: `Tessera/${name}`,
    });
    const namespaces = ofType(stages[name], 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
      String(Properties.Namespace),
    );
    expect(
      namespaces.filter((namespace) => namespace.startsWith('Tessera/') && namespace !== `Tessera/${name}`),
    ).toEqual([]);
  }
});

test('buckets and tables are kept when the stack is deleted', () => {
  const kept = [pipeline, engine].flatMap(({ Resources }) =>
    Object.entries(Resources).flatMap(([id, { DeletionPolicy }]) =>
      DeletionPolicy === 'Retain' ? [named({ Ref: id })] : [],
    ),
  );
  expect(kept.sort()).toEqual([
    'DeliveriesBucket',
    'MediaBucket',
    'PayloadsBucket',
    'RecordsTable',
    'RunsTable',
    'UploadsBucket',
  ]);
});

describe('the AwsSolutions pack of cdk-nag', () => {
  test.each([
    ['our own engine', { alarmEmail: 'editors@example.com' }],
    ['hosted Mosaic', { engine: 'mosaic' }],
    ['traces', { tracing: true }],
    ['existing buckets', borrowed],
  ])('cdk-nag has no unexplained findings with %s', (_, own) => {
    const app = newApp();
    addStage(app, own);
    app.synth();
    const { violations } = new AwsSolutionsChecks().validateScope(app);
    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });

  test('cdk-nag reports a bucket with the CDK’s defaults', () => {
    const app = new App();
    new Bucket(new Stack(app, 'Careless'), 'Bucket');
    const { violations } = new AwsSolutionsChecks().validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName).sort()).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });
});
