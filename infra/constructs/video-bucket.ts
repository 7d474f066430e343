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

/** A bucket that functions reach: one of ours, or one that was there before. */
export interface ObjectStore extends IConstruct {
  readonly bucket: IBucket;
  /** Of the objects that are ours to reach. */
  readonly objectsArn: string;
  /** How cdk-nag writes `objectsArn`. */
  readonly nagName: string;
  /** Of the key that encrypts it, where that is a customer's own. */
  readonly keyArn?: string;
  /** Where it is and whose it is, if not the stack's. */
  readonly region?: string;
  readonly owner?: string;
}

export interface VideoBucketProps {
  /** Send the bucket's events to EventBridge, for our rules and for anybody else's. */
  readonly events?: boolean;
  /** Objects are gone after so many days; without it they stay. */
  readonly keptDays?: number;
  /** Whom whoever reaches it is to expect as its owner: its name is free for others once somebody has deleted it. */
  readonly owner?: string;
}

/** A bucket of ours: private, encrypted, TLS only, versioned, and kept when the stack goes. */
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
        // Parts of an upload that nobody finished are invisible and cost money until they are aborted.
        { id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        ...(keptDays === undefined ? [] : goneAfter(keptDays)),
      ],
    });
    if (events) switchEventsOn(this.bucket.node.defaultChild as CfnBucket);
    acknowledge(
      this.bucket,
      'S1',
      'Server access logs would need one more bucket that grows without end; only the named roles of this product can ' +
        'reach the objects, and an account that audits reads switches CloudTrail data events on for all its buckets.',
    );
  }

  get objectsArn(): string {
    return this.bucket.arnForObjects('*');
  }

  get nagName(): string {
    return `<${Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnBucket)}.Arn>/*`;
  }
}

/** In a versioned bucket the end of an object is a marker above it: both go, too. */
const goneAfter = (days: number): LifecycleRule[] => [
  { id: 'GoneInTime', expiration: Duration.days(days), noncurrentVersionExpiration: Duration.days(1) },
  { id: 'NoMarkersOfWhatIsGone', expiredObjectDeleteMarker: true },
];

// The bucket's own property: CDK's `eventBridgeEnabled` would do the same through a custom resource, with a Lambda
// that may change the notifications of every bucket in the account.
const switchEventsOn = (bucket: CfnBucket): void => {
  bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
};
