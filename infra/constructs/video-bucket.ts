import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** A bucket that functions use: a new one or an existing one. */
export interface ObjectStore extends IConstruct {
  readonly bucket: IBucket;
  /** The objects that functions may access. */
  readonly objectsArn: string;
  /** `objectsArn` in the notation of cdk-nag. */
  readonly nagName: string;
  /** The customer-managed key that encrypts it, if any. */
  readonly keyArn?: string;
  /** Its region and owner, if they differ from the stack's or have to be checked. */
  readonly region?: string;
  readonly owner?: string;
}

export interface VideoBucketProps {
  /** Sends the bucket's events to EventBridge. */
  readonly events?: boolean;
  /** Days after which objects expire. Default: never. */
  readonly keptDays?: number;
  /** Expected bucket owner (sent as `x-amz-expected-bucket-owner`): once deleted, a bucket's name is free for others. */
  readonly owner?: string;
}

/** A new bucket: private, encrypted, TLS only, versioned, and kept when the stack is deleted. */
export class VideoBucket extends Construct implements ObjectStore {
  readonly bucket: Bucket;
  readonly owner?: string;

  constructor(scope: Construct, id: string, { events, keptDays, owner }: VideoBucketProps = {}) {
    super(scope, id);
    this.owner = owner;
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        // The parts of an unfinished upload are invisible and cost money until it is aborted.
        { id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        ...(keptDays === undefined ? [] : expireAfter(keptDays)),
      ],
    });
    if (events) switchEventsOn(this.bucket.node.defaultChild as CfnBucket);
    acknowledge(
      this.bucket,
      'S1',
      'Server access logs would need another bucket that grows without end. Only the named roles of this product can ' +
        'access the objects, and accounts that audit reads use CloudTrail data events for all their buckets.',
    );
  }

  get objectsArn(): string {
    return this.bucket.arnForObjects('*');
  }

  get nagName(): string {
    return `<${Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnBucket)}.Arn>/*`;
  }
}

/** In a versioned bucket expiry only adds a delete marker, so old versions and lone markers are removed too. */
const expireAfter = (days: number): LifecycleRule[] => [
  { id: 'GoneInTime', expiration: Duration.days(days), noncurrentVersionExpiration: Duration.days(1) },
  { id: 'NoMarkersOfWhatIsGone', expiredObjectDeleteMarker: true },
];

// CDK's `eventBridgeEnabled` would do this with a custom resource: a function that may change the notifications of every
// bucket in the account.
const switchEventsOn = (bucket: CfnBucket): void => {
  bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
};
