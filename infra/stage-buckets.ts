import { overlapFaults } from '../shared/runs/rules/check-places.ts';
import type { RuleDocument } from '../shared/runs/rules/document.ts';
import { describeRuleFault } from './stage-rules.ts';
import type { StageSettings } from './stage-schema.ts';

type Buckets = Pick<
  StageSettings,
  | 'uploadsBucket'
  | 'uploadsKeyArn'
  | 'deliveriesBucket'
  | 'deliveriesKeyArn'
  | 'deliveriesPrefix'
  | 'deliveriesRegion'
  | 'deliveriesAccount'
>;

/** Checks a stage's buckets together. Above all, deliveries must not be processed as uploads. */
export function bucketFaults(buckets: Buckets, rules: RuleDocument | undefined): string[] {
  const { uploadsBucket, uploadsKeyArn, deliveriesBucket, deliveriesKeyArn } = buckets;
  const keyWithoutBucket = (key: string, bucket: string) =>
    `${key} is the key of an existing bucket: name the bucket in ${bucket}, or leave the key out (a bucket that the stage creates needs none)`;
  return [
    ...(uploadsKeyArn && !uploadsBucket ? [keyWithoutBucket('uploadsKeyArn', 'uploadsBucket')] : []),
    ...(deliveriesKeyArn && !deliveriesBucket ? [keyWithoutBucket('deliveriesKeyArn', 'deliveriesBucket')] : []),
    ...(['deliveriesRegion', 'deliveriesAccount'] as const)
      .filter((name) => buckets[name] !== undefined && deliveriesBucket === undefined)
      .map((name) => `${name} describes an existing bucket: name the bucket in deliveriesBucket, or leave it out`),
    ...(areOneBucket(buckets) ? overlaps(buckets, rules) : []),
  ];
}

const areOneBucket = ({ uploadsBucket, deliveriesBucket }: Buckets): boolean =>
  uploadsBucket !== undefined && uploadsBucket === deliveriesBucket;

function overlaps(
  { deliveriesBucket: name = '', deliveriesPrefix }: Buckets,
  rules: RuleDocument | undefined,
): string[] {
  if (deliveriesPrefix === '')
    return [
      `uploadsBucket and deliveriesBucket are both "${name}", so each result would be edited again: ` +
        'set deliveriesPrefix to a folder that no rule matches, such as "edited/", or use another bucket',
    ];
  if (rules === undefined) return [];
  const found = overlapFaults(rules, { uploads: name, deliveries: name, deliveriesPrefix }).map(describeRuleFault);
  const within = rules.rules.filter(({ prefix }) =>
    prefix?.normalize('NFC').startsWith(deliveriesPrefix.normalize('NFC')),
  );
  return [
    ...found,
    ...(found.length > 0 ? [] : within).map(
      ({ prefix }) =>
        `rules match keys under "${prefix}", which is in deliveriesPrefix "${deliveriesPrefix}" of the same bucket: ` +
        'only results belong there; use another folder for uploads',
    ),
  ];
}
