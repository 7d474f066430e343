import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

/** A link dies with its signer, a role taken on by another role: AWS lets such credentials live an hour. */
const maxLinkSeconds = 3_600;
/** Lambda ends a function after 900 s; a render also has to fetch its input and store its output. */
const maxRenderSeconds = 840;
/** No function may be larger; accounts that are new to Lambda often start at 3008. */
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
const ofFolder = must('a folder of at most 200 characters that ends with "/", such as "edited/", or ""');
const folder = z
  .string(ofFolder)
  .max(200, ofFolder)
  .regex(/^([^/].*\/)?$/, ofFolder);

/** What can be set per stage; `docs/deploy.md` explains each. */
export const stageSchema = z.strictObject({
  engine: z.enum(['self-hosted', 'mosaic'], must('"self-hosted" or "mosaic"')),
  mosaicApiUrl: z.url({
    protocol: /^https$/,
    ...must('the https address of the Mosaic API, such as "https://api.mosaic.so"'),
  }),
  /** Read as the functions read them; see stage-rules.ts. */
  rules: z.unknown().optional(),
  uploadsBucket: bucketName.optional(),
  uploadsKeyArn: keyArn.optional(),
  deliveriesBucket: bucketName.optional(),
  deliveriesKeyArn: keyArn.optional(),
  deliveriesPrefix: folder,
  slots: whole(1, 1_000),
  uploadLinkSeconds: whole(900, maxLinkSeconds),
  uncertainWaitSeconds: whole(60, 3_600),
  runDeadlineSeconds: whole(1_800, 604_800),
  reconcileMinutes: whole(1, 60),
  trustedHosts: texts('a list of host names'),
  requestsPerSecond: whole(1, 10_000),
  renderLimitSeconds: whole(30, maxRenderSeconds),
  renderMemoryMb: whole(1_769, maxMemoryMb),
  rendersAtOnce: whole(2, 1_000),
  logRetentionDays: z.literal(retentionDays, must(`one of ${retentionDays.join(', ')}`)),
  alarmEmail: z.email(must('an e-mail address')).optional(),
});

export type StageSettings = Readonly<z.infer<typeof stageSchema>>;
