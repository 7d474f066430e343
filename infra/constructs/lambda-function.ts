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
  /** Has one folder per door, made by `npm run build`. */
  readonly assetsFolder: string;
  /** One sentence, shown in the AWS console. */
  readonly description: string;
  readonly timeout: Duration;
  readonly logRetentionDays: number;
  /** Writes traces to X-Ray. */
  readonly tracing?: boolean;
  readonly memoryMb?: number;
  /** For functions that run a program built for x86. */
  readonly x86?: boolean;
  /** Size of /tmp. */
  readonly storageMb?: number;
}

export interface ConsumeOptions {
  readonly batchSize: number;
  /** The function's concurrency for this queue. Without a limit, a busy queue is throttled until its messages are dead letters. */
  readonly atOnce: number;
}

const tableOperations = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem', 'Query'] as const;
type TableOperation = (typeof tableOperations)[number];

const writeActions = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/** A function with our defaults. Each method adds a setting and the permission it needs; there is no other way to add either. */
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
    // Says in the template which program this is. The tests on emulators read it.
    this.cfnFunction.addMetadata(doorMetadata, props.door);
  }

  setting(name: string, value: string | number): void {
    this.lambda.addEnvironment(name, String(value));
  }

  /** Not with the CDK's `tracing` property, which adds a policy statement that we cannot acknowledge. */
  private writesTraces(): void {
    this.cfnFunction.tracingConfig = { mode: 'Active' };
    this.allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*');
    acknowledge(this.role, 'IAM5[Resource::*]', 'X-Ray has no resources, so this permission cannot be narrowed.');
  }

  /** Reads objects and their versions. Without permission to list, S3 answers "forbidden" instead of "not found". */
  readsBucket(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    this.allow(['s3:ListBucket'], store.bucket.bucketArn);
    allowObjects(this.role, ['s3:GetObject', 's3:GetObjectVersion'], store);
  }

  /** Writes objects, whole or in parts, and reads them. */
  writesBucket(name: string, store: ObjectStore, { tags = false } = {}): void {
    this.readsBucket(name, store);
    this.settingsOfBucket(name, store);
    allowObjects(
      this.role,
      [...writeActions, ...(tags ? ['s3:PutObjectTagging'] : [])],
      store,
      // S3 decrypts the parts to complete a multipart upload.
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    );
  }

  /** Aborts unfinished multipart uploads; can neither read nor write objects. */
  clearsUploadsIn(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    this.settingsOfBucket(name, store);
    this.allow(['s3:ListBucketMultipartUploads'], store.bucket.bucketArn);
    allowObjects(this.role, ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'], store, []);
  }

  /** The region, expected owner and KMS key of the bucket that `…_BUCKET` names. */
  private settingsOfBucket(name: string, { region, owner, keyArn }: ObjectStore): void {
    const prefix = name.replace(/BUCKET$/, '');
    if (region !== undefined) this.setting(`${prefix}REGION`, region);
    if (owner !== undefined) this.setting(`${prefix}OWNER`, owner);
    if (keyArn !== undefined) this.setting(`${prefix}KEY_ARN`, keyArn);
  }

  /** Adds objects to a bucket that it can neither read nor list. */
  addsTo(name: string, store: ObjectStore): void {
    this.setting(name, store.bucket.bucketName);
    allowObjects(this.role, ['s3:PutObject'], store);
  }

  /** Restores objects from an archive class. */
  restoresIn(store: ObjectStore): void {
    allowObjects(this.role, ['s3:RestoreObject'], store);
  }

  /** Signs links with the credentials of a role that can only read these objects and that only this function can assume. */
  signsLinksTo(name: string, store: ObjectStore): void {
    const signer = new Role(this, 'LinkSigner', {
      assumedBy: new ArnPrincipal(this.role.roleArn),
      description: 'Signs the links through which the Mosaic API reads uploads',
      // AWS allows no more for a role assumed by a role.
      maxSessionDuration: Duration.hours(1),
    });
    allowObjects(signer, ['s3:GetObject', 's3:GetObjectVersion'], store);
    this.setting(name, signer.roleArn);
    this.allow(['sts:AssumeRole'], signer.roleArn);
  }

  /** Reads and writes records, or does only the given operations. */
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

  /** Handles the queue's messages, and reports which of a batch failed. */
  consumes(queue: QueueWithDeadLetters, options: ConsumeOptions): void {
    if (queue.visibility.toSeconds() < this.timeout.toSeconds()) {
      throw new Error(
        `${queue.node.path}: its visibility timeout is shorter than the timeout of ${this.node.path}; AWS refuses that.`,
      );
    }
    this.allow(
      ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'].map(
        (action) => `sqs:${action}`,
      ),
      queue.queue.queueArn,
    );
    // A waiting run wakes its functions many times in one chain of messages. Lambda would take the sixteenth message for
    // an endless loop and drop it; ours end at the run's deadline.
    this.cfnFunction.recursiveLoop = 'Allow';
    this.lambda.addEventSourceMapping(`From${queue.node.id}`, {
      eventSourceArn: queue.queue.queueArn,
      batchSize: options.batchSize,
      maxConcurrency: options.atOnce,
      reportBatchItemFailures: true,
    });
  }

  putsEventsOn(name: string, bus: IEventBus): void {
    this.setting(name, busAddress(this, bus));
    this.allow(['events:PutEvents'], bus.eventBusArn);
  }

  readsSecret(name: string, secret: ISecret): void {
    this.setting(name, secret.secretArn);
    this.allow(['secretsmanager:GetSecretValue'], secret.secretArn);
  }

  /**
   * For a function that is not retried: alarms when it failed in three periods in a row. A failed message is not an error
   * of its function, so these are crashes, timeouts, and programs that do not start.
   */
  alarmWhenFailing(period: Duration, text: string): Alarm {
    const metric = this.errorsIn(period);
    return alarmOn(this, 'FailingAlarm', { metric, periods: 3, text, paragraph: this.failsParagraph });
  }

  /** For a function whose work is retried: alarms when it failed in three of six periods. */
  alarmWhenOftenFailing(name: string): Alarm {
    return alarmOn(this, 'FailingAlarm', {
      metric: this.errors,
      periods: 3,
      outOf: 6,
      text: `Tessera ${name}: ${this.node.id} keeps crashing, runs out of time or memory, or does not start. Its log says which.`,
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

/** EventBridge finds a bus of this account by its name; one of another account needs its ARN. */
export const busAddress = (at: Construct, bus: IEventBus): string =>
  bus.env.account === Stack.of(at).account ? bus.eventBusName : bus.eventBusArn;

type SharedProps = Pick<LambdaFunctionProps, 'assetsFolder' | 'logRetentionDays' | 'tracing'>;

export type NewFunction = (id: string, props: Omit<LambdaFunctionProps, keyof SharedProps>) => LambdaFunction;

/** Creates the functions of a pipeline or an engine, which share some settings. */
export const functionFactory =
  (scope: Construct, shared: SharedProps): NewFunction =>
  (id, props) =>
    new LambdaFunction(scope, id, { ...shared, ...props });
