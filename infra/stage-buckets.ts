import { overlapFaults } from '../shared/runs/rules/check-places.ts';
import type { RuleDocument } from '../shared/runs/rules/document.ts';
import { inWords } from './stage-rules.ts';
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

/** What is wrong with a stage's buckets taken together; above all, deliveries that would be taken for uploads. */
export function bucketFaults(buckets: Buckets, rules: RuleDocument | undefined): string[] {
  const { uploadsBucket, uploadsKeyArn, deliveriesBucket, deliveriesKeyArn } = buckets;
  const keyWithoutBucket = (key: string, bucket: string) =>
    `${key} is the key of an existing bucket: name that one in ${bucket}, or leave the key out (a bucket of the stage's own needs none)`;
  return [
    ...(uploadsKeyArn && !uploadsBucket ? [keyWithoutBucket('uploadsKeyArn', 'uploadsBucket')] : []),
    ...(deliveriesKeyArn && !deliveriesBucket ? [keyWithoutBucket('deliveriesKeyArn', 'deliveriesBucket')] : []),
    ...(['deliveriesRegion', 'deliveriesAccount'] as const)
      .filter((name) => buckets[name] !== undefined && deliveriesBucket === undefined)
      .map((name) => `${name} is of an existing bucket: name that one in deliveriesBucket, or leave it out`),
    ...(areOneBucket(buckets) ? overlaps(buckets, rules) : []),
  ];
}

/** Uploads and deliveries in one bucket is something only an existing one can be. */
const areOneBucket = ({ uploadsBucket, deliveriesBucket }: Buckets): boolean =>
  uploadsBucket !== undefined && uploadsBucket === deliveriesBucket;

function overlaps(
  { deliveriesBucket: name = '', deliveriesPrefix }: Buckets,
  rules: RuleDocument | undefined,
): string[] {
  if (deliveriesPrefix === '')
    return [
      `uploadsBucket and deliveriesBucket are both "${name}", so each result would be edited again: ` +
        'give deliveriesPrefix a folder that no rule takes from, such as "edited/", or name another bucket',
    ];
  if (rules === undefined) return [];
  const found = overlapFaults(rules, { uploads: name, deliveries: name, deliveriesPrefix }).map(inWords);
  const within = rules.rules.filter(({ prefix }) =>
    prefix?.normalize('NFC').startsWith(deliveriesPrefix.normalize('NFC')),
  );
  return [
    ...found,
    ...(found.length > 0 ? [] : within).map(
      ({ prefix }) =>
        `rules take keys under "${prefix}", which is in deliveriesPrefix "${deliveriesPrefix}" of the same bucket: ` +
        'only results belong there; give the uploads a folder of their own',
    ),
  ];
}
