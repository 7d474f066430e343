import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3BucketOptions {
  /** Links are signed with credentials of this role, taken for the purpose. */
  readonly linkRoleArn?: string;
  /** Where the bucket is, if not where this process is. */
  readonly region?: string;
  /** The account that the bucket must belong to: a name that someone else took is then never written to. */
  readonly owner?: string;
  /** The KMS key that what is written is encrypted with; default: as the bucket says. */
  readonly keyArn?: string;
}

/** A bucket as the commands name it. */
export interface S3Place {
  readonly s3: S3Client;
  readonly name: string;
  readonly owner?: string;
  readonly bucket: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  /** For the commands that begin an object. */
  readonly encryption: {
    readonly ServerSideEncryption?: 'aws:kms';
    readonly SSEKMSKeyId?: string;
    readonly BucketKeyEnabled?: boolean;
  };
}

/** More than all transfers of a process have at once. */
const maxSockets = 128;

export const configuration = (region?: string): S3ClientConfig => ({
  ...(region !== undefined && { region }),
  maxAttempts: 5,
  requestHandler: {
    ...{ connectionTimeout: 3000, socketTimeout: 120_000 },
    ...{ httpAgent: { keepAlive: true, maxSockets }, httpsAgent: { keepAlive: true, maxSockets } },
  },
  // TLS guards the way, and what matters is sent with a checksum of our own; the SDK's would end up in signed links.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  // A part is sent at once: asking first would cost each of them a turn of the network.
  expectContinueHeader: false,
  forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
});

const clients = new Map<string | undefined, S3Client>();

/** Each region has one client per process. */
export function placeOf(name: string, { region, owner, keyArn }: S3BucketOptions): S3Place {
  const s3 = clients.get(region) ?? new S3Client(configuration(region));
  clients.set(region, s3);
  return {
    s3,
    name,
    ...(owner !== undefined && { owner }),
    bucket: { Bucket: name, ...(owner !== undefined && { ExpectedBucketOwner: owner }) },
    // With a key of the bucket's own in between, KMS is not asked, and paid, for each object.
    encryption:
      keyArn === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyArn, BucketKeyEnabled: true },
  };
}
