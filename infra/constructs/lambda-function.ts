import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { type Alarm, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { ArnPrincipal, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type CfnFunction, Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type Door, doorMetadata } from '../function-names.ts';
import { acknowledge } from './acknowledge.ts';
import { alarmOn, alarmPeriod, kebab } from './alarms.ts';
import { allowObjects } from './allow-objects.ts';
import type { QueueWithDeadLetters } from './queue-with-dead-letters.ts';
import type { RecordsTable } from './records-table.ts';
import type { ObjectStore } from './video-bucket.ts';

export interface LambdaFunctionProps {
  readonly door: Door;
  /** Holds one folder per door; see `npm run build`. */
  readonly assetsFolder: string;
  /** One sentence for whoever meets the function in the console. */
  readonly description: string;
  readonly timeout: Duration;
  readonly logRetentionDays: number;
  /** Writes traces to X-Ray. */
  readonly tracing?: boolean;
  readonly memoryMb?: number;
  /** Only where a program that we did not build must run. */
  readonly x86?: boolean;
  /** Size of /tmp. */
  readonly storageMb?: number;
}

export interface ConsumeOptions {
  readonly batchSize: number;
  /** Copies of the function that this queue may keep busy; without it a busy queue would be throttled into dead letters. */
  readonly atOnce: number;
}

const tableOperations = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem', 'Query'] as const;
type TableOperation = (typeof tableOperations)[number];

const writing = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/** One function with our defaults. Each verb gives the permission and the setting together, and nothing else gives any. */
export class LambdaFunction extends Construct {
  readonly lambda: Lambda;
  readonly log: LogGroup;
  private readonly role: Role;
  private readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    this.timeout = props.timeout;
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.log = new LogGroup(this, 'Log', {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], this.log.logGroupArn);
    this.lambda = new Lambda(this, 'Function', {
      description: props.description,
      code: Code.fromAsset(`${props.assetsFolder}/${props.door}`),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: props.x86 ? Architecture.X86_64 : Architecture.ARM_64,
      memorySize: props.memoryMb ?? 512,
      ephemeralStorageSize: Size.mebibytes(props.storageMb ?? 512),
      timeout: props.timeout,
      role: this.role,
      logGroup: this.log,
    });
    if (props.tracing) this.writesTraces();
    // Lets a reader of the template, and the test that runs it on emulators, tell which program this is.
    this.cfnFunction.addMetadata(doorMetadata, props.door);
  }

  setting(name: string, value: string | number): void {
    this.lambda.addEnvironment(name, String(value));
  }

  /** By hand: CDK's own switch would give the permission in a statement of its own making. */
  private writesTraces(): void {
    this.cfnFunction.tracingConfig = { mode: 'Active' };
    this.allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*');
    acknowledge(this.role, 'IAM5[Resource::*]', 'X-Ray knows no resources: whoever may write traces writes any.');
  }

  /** Reads objects and their versions. Listing is what makes S3 say "not found" instead of "forbidden". */
  readsBucket(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    this.allow(['s3:ListBucket'], store.bucket.bucketArn);
    allowObjects(this.role, ['s3:GetObject', 's3:GetObjectVersion'], store);
  }

  /** Writes objects, whole or in parts, and looks at what it wrote. */
  writesBucket(name: string, store: ObjectStore, { tags = false } = {}): void {
    this.readsBucket(name, store);
    this.reaches(name, store);
    allowObjects(
      this.role,
      [...writing, ...(tags ? ['s3:PutObjectTagging'] : [])],
      store,
      // The parts of an object are read again when it is put together.
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    );
  }

  /** Finds unfinished uploads and clears them away; reads and writes nothing. */
  clearsUploadsIn(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    this.reaches(name, store);
    this.allow(['s3:ListBucketMultipartUploads'], store.bucket.bucketArn);
    allowObjects(this.role, ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], store, []);
  }

  /** How a bucket elsewhere is reached, and with which key it is written to; `…_BUCKET` names the bucket itself. */
  private reaches(name: string, { region, owner, keyArn }: ObjectStore): void {
    const begin = name.replace(/BUCKET$/, '');
    if (region !== undefined) this.setting(`${begin}REGION`, region);
    if (owner !== undefined) this.setting(`${begin}OWNER`, owner);
    if (keyArn !== undefined) this.setting(`${begin}KEY_ARN`, keyArn);
  }

  /** Leaves objects in a bucket that it can neither read nor list. */
  addsTo(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    allowObjects(this.role, ['s3:PutObject'], store);
  }

  /** Fetches objects back from an archive class. */
  restoresIn(store: ObjectStore): void {
    allowObjects(this.role, ['s3:RestoreObject'], store);
  }

  /** Signs links to objects with the credentials of a role that can do nothing else and that only this function takes on. */
  signsLinksTo(name: string, store: ObjectStore): void {
    const signer = new Role(this, 'LinkSigner', {
      assumedBy: new ArnPrincipal(this.role.roleArn),
      description: 'Whose credentials are in the links that the Mosaic API reads uploads by',
      // AWS allows no more to a role that is taken on by another one.
      maxSessionDuration: Duration.hours(1),
    });
    allowObjects(signer, ['s3:GetObject', 's3:GetObjectVersion'], store);
    this.setting(name, signer.roleArn);
    this.allow(['sts:AssumeRole'], signer.roleArn);
  }

  /** Reads and writes records; where less is named, no more than that. */
  usesTable(name: string, table: RecordsTable, operations: readonly TableOperation[] = tableOperations): void {
    this.setting(name, table.table.tableName);
    this.allow(
      operations.map((operation) => `dynamodb:${operation}`),
      table.table.tableArn,
    );
    if (operations.includes('Query')) this.allow(['dynamodb:Query'], table.indexArn);
  }

  sendsTo(name: string, queue: QueueWithDeadLetters): void {
    this.setting(name, queue.queue.queueUrl);
    this.allow(['sqs:SendMessage'], queue.queue.queueArn);
  }

  /** Is woken by the queue's messages, and answers which of a batch must come again. */
  consumes(queue: QueueWithDeadLetters, options: ConsumeOptions): void {
    if (queue.visibility.toSeconds() < this.timeout.toSeconds()) {
      throw new Error(
        `${queue.node.path}: visibility is shorter than the timeout of ${this.node.path}; AWS refuses that.`,
      );
    }
    this.allow(
      ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'].map(
        (action) => `sqs:${action}`,
      ),
      queue.queue.queueArn,
    );
    // A run that waits wakes its functions many times in one chain of messages. Lambda would take that for an endless loop
    // and drop the message at the sixteenth; ours end at the run's deadline.
    this.cfnFunction.recursiveLoop = 'Allow';
    this.lambda.addEventSourceMapping(`From${queue.node.id}`, {
      eventSourceArn: queue.queue.queueArn,
      batchSize: options.batchSize,
      maxConcurrency: options.atOnce,
      reportBatchItemFailures: true,
    });
  }

  putsEventsOn(name: string, bus: IEventBus): void {
    this.setting(name, addressOfBus(this, bus));
    this.allow(['events:PutEvents'], bus.eventBusArn);
  }

  readsSecret(name: string, secret: ISecret): void {
    this.setting(name, secret.secretArn);
    this.allow(['secretsmanager:GetSecretValue'], secret.secretArn);
  }

  /**
   * For a function that nothing retries: rings when it has failed in three periods on end. A failed message is no error
   * of its function, so these are crashes, timeouts, and programs that cannot even start.
   */
  alarmWhenFailing(period: Duration, text: string): Alarm {
    const metric = this.errorsIn(period);
    return alarmOn(this, 'FailingAlarm', { metric, periods: 3, text, paragraph: this.failsParagraph });
  }

  /** For one whose work comes again by itself, some minutes later: rings when it fails in half of half an hour. */
  alarmWhenOftenFailing(name: string): Alarm {
    return alarmOn(this, 'FailingAlarm', {
      metric: this.errors,
      ...{ periods: 3, outOf: 6 },
      text: `Tessera ${name}: ${this.node.id} keeps crashing, running out of time or memory, or does not start. Its log says which.`,
      paragraph: this.failsParagraph,
    });
  }

  get errors(): Metric {
    return this.errorsIn(alarmPeriod);
  }

  private errorsIn(period: Duration): Metric {
    return this.lambda.metricErrors({ period, statistic: Stats.SUM });
  }

  private get failsParagraph(): string {
    return `${kebab(this.node.id)}-fails`;
  }

  private get cfnFunction(): CfnFunction {
    return this.lambda.node.defaultChild as CfnFunction;
  }

  private allow(actions: string[], resource: string): void {
    this.role.addToPolicy(new PolicyStatement({ actions, resources: [resource] }));
  }
}

/** Its name, by which EventBridge looks for it in this account alone; one of another account has to be named in full. */
export const addressOfBus = (at: Construct, bus: IEventBus): string =>
  bus.env.account === Stack.of(at).account ? bus.eventBusName : bus.eventBusArn;

type Shared = Pick<LambdaFunctionProps, 'assetsFolder' | 'logRetentionDays' | 'tracing'>;

/** Functions that share what a pipeline or an engine sets for all of them. */
export const functionsOf =
  (scope: Construct, shared: Shared) =>
  (id: string, props: Omit<LambdaFunctionProps, keyof Shared>): LambdaFunction =>
    new LambdaFunction(scope, id, { ...shared, ...props });
