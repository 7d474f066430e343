import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

/** A link expires with its signer's credentials. The signer is a role assumed by a role, which AWS limits to an hour. */
const maxLinkSeconds = 3_600;
/** Lambda's limit is 900 s, and a render also has to fetch its input and store its output. */
const maxRenderSeconds = 840;
/** Lambda's maximum; new accounts often start with a limit of 3008. */
const maxMemoryMb = 10_240;

const retentionDays = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === 'number' && days < RetentionDays.INFINITE,
);

const must = (what: string) => ({
  error: (issue: { input?: unknown }) =>
    issue.input === undefined
      ? `is missing; it must be ${what}`
      : `must be ${what}; it is ${JSON.stringify(issue.input)}`,
});

const whole = (least: number, most: number) => {
  const expected = must(`a whole number from ${least} to ${most}`);
  return z.number(expected).int(expected).min(least, expected).max(most, expected);
};
const text = (what: string) => z.string(must(what)).min(1, must(what));
const texts = (what: string) => z.array(text('a text'), must(what));

const ofBucket = must('the name of a bucket, without "s3://" or "arn:"');
const bucketName = z.string(ofBucket).regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, ofBucket);
const ofKey = must('the ARN of a KMS key, "arn:aws:kms:…:key/…"; an alias will not do');
const keyArn = z.string(ofKey).regex(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/, ofKey);
const ofRegion = must('the name of a region, such as "eu-west-1"');
const regionName = z.string(ofRegion).regex(/^[a-z]{2}(-[a-z]+)+-\d$/, ofRegion);
const ofAccount = must('the 12 digits of an AWS account, as a text');
const accountId = z.string(ofAccount).regex(/^\d{12}$/, ofAccount);
const ofBus = must('the name of an event bus of this account and region, such as "default"');
const busName = z.string(ofBus).regex(/^[\w./-]{1,256}$/, ofBus);
const yesOrNo = z.boolean(must('true or false'));
const ofFolder = must('a folder of at most 200 characters that ends with "/", such as "edited/", or ""');
const folder = z
  .string(ofFolder)
  .max(200, ofFolder)
  .regex(/^([^/].*\/)?$/, ofFolder);

/** The settings of a stage; `docs/deploy.md` explains each. */
export const stageSchema = z.strictObject({
  engine: z.enum(['self-hosted', 'mosaic'], must('"self-hosted" or "mosaic"')),
  mosaicApiUrl: z.url({
    protocol: /^https$/,
    ...must('the https address of the Mosaic API, such as "https://api.mosaic.so"'),
  }),
  /** Checked in stage-rules.ts. */
  rules: z.unknown().optional(),
  uploadsBucket: bucketName.optional(),
  uploadsKeyArn: keyArn.optional(),
  deliveriesBucket: bucketName.optional(),
  deliveriesKeyArn: keyArn.optional(),
  deliveriesPrefix: folder,
  deliveriesRegion: regionName.optional(),
  deliveriesAccount: accountId.optional(),
  eventBus: busName.optional(),
  slots: whole(1, 1_000),
  uploadLinkSeconds: whole(900, maxLinkSeconds),
  uncertainWaitSeconds: whole(60, 3_600),
  runDeadlineSeconds: whole(1_800, 604_800),
  reconcileMinutes: whole(1, 60),
  /** A copy has a timeout of five minutes, and a slice needs one to hand over. */
  sliceSeconds: whole(15, 240),
  /** AWS's minimum is two. */
  workersAtOnce: whole(2, 100),
  retentionDays: whole(1, 3_650).optional(),
  trustedHosts: texts('a list of host names'),
  requestsPerSecond: whole(1, 10_000),
  renderLimitSeconds: whole(30, maxRenderSeconds),
  renderMemoryMb: whole(1_769, maxMemoryMb),
  rendersAtOnce: whole(2, 1_000),
  logRetentionDays: z.literal(retentionDays, must(`one of ${retentionDays.join(', ')}`)),
  tracing: yesOrNo,
  dashboard: yesOrNo,
  alarmEmail: z.email(must('an e-mail address')).optional(),
});

export type StageSettings = Readonly<z.infer<typeof stageSchema>>;
