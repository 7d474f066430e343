import type { Rule, RuleSet } from '../shared/runs/rules/rule.ts';
import type { StageSettings } from './stage-schema.ts';

type Buckets = Pick<
  StageSettings,
  'uploadsBucket' | 'uploadsKeyArn' | 'deliveriesBucket' | 'deliveriesKeyArn' | 'deliveriesPrefix'
>;

/** What is wrong with a stage's buckets taken together; above all, deliveries that would be taken for uploads. */
export function bucketFaults(buckets: Buckets, rules: RuleSet | undefined): string[] {
  const { uploadsBucket, uploadsKeyArn, deliveriesBucket, deliveriesKeyArn } = buckets;
  const keyWithoutBucket = (key: string, bucket: string) =>
    `${key} is the key of an existing bucket: name that one in ${bucket}, or leave the key out (a bucket of the stage's own needs none)`;
  return [
    ...(uploadsKeyArn && !uploadsBucket ? [keyWithoutBucket('uploadsKeyArn', 'uploadsBucket')] : []),
    ...(deliveriesKeyArn && !deliveriesBucket ? [keyWithoutBucket('deliveriesKeyArn', 'deliveriesBucket')] : []),
    ...(areOneBucket(buckets) ? overlaps(buckets, rules) : []),
  ];
}

/** Uploads and deliveries in one bucket is something only an existing one can be. */
export const areOneBucket = ({ uploadsBucket, deliveriesBucket }: Buckets): boolean =>
  uploadsBucket !== undefined && uploadsBucket === deliveriesBucket;

function overlaps({ deliveriesBucket, deliveriesPrefix }: Buckets, rules: RuleSet | undefined): string[] {
  if (deliveriesPrefix === '')
    return [
      `uploadsBucket and deliveriesBucket are both "${deliveriesBucket}", so each result would be edited again: ` +
        'give deliveriesPrefix a folder that no rule takes from, such as "edited/", or name another bucket',
    ];
  const edited = deliveriesPrefix.normalize('NFC');
  const taking = rules?.rules.map((rule) => ({ id: rule.id, taken: startOf(rule) }));
  const both = taking?.filter(({ taken }) => taken.startsWith(edited) || edited.startsWith(taken)) ?? [];
  return both.map(
    ({ id, taken }) =>
      `rule "${id}" takes "${taken}…", where results go to "${deliveriesPrefix}…" of the same bucket and would be edited ` +
      'again: change its prefix or deliveriesPrefix so that neither begins with the other',
  );
}

/** What all keys that the rule takes begin with; of a pattern, what stands before its first part or wildcard. */
function startOf({ prefix, pattern = '' }: Rule): string {
  const [literal = ''] = pattern.split(/[{*]/);
  return (literal.startsWith(prefix) ? literal : prefix).normalize('NFC');
}
