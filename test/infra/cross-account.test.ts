import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { named, only, synthesize } from './synthesize.ts';

interface Statement {
  readonly Effect: string;
  readonly Principal: { readonly AWS: string };
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
const part = page.slice(page.indexOf('## Delivering to another account'));
const [, policy = '{}'] = /```json\n(\{\n {2}"Version"[\s\S]+?)```/.exec(part) ?? [];
const { Version, Statement }: { Version: string; Statement: readonly Statement[] } = JSON.parse(policy);

const actionsOf = (statements: readonly Statement[]) => {
  const all: Record<string, string[]> = {};
  for (const { Resource, Action } of statements) {
    const resource = named(Resource).replace(/^arn:(aws|AWS::Partition):s3:::/, '');
    all[resource] = [...(all[resource] ?? []), ...[Action].flat()].sort();
  }
  return all;
};

const place = { deliveriesBucket: 'customer-films', deliveriesRegion: 'eu-west-1', deliveriesAccount: '210987654321' };
const { pipeline } = synthesize(place);

test.each(['CopyOutputRole', 'ReconcileRole'])(
  'the bucket policy in docs/deploy.md allows %s exactly the actions that its own policy allows',
  (role) => {
    expect(Version).toBe('2012-10-17');
    const theirs = Statement.filter(({ Principal }) => Principal.AWS.includes(role));
    expect(theirs.every(({ Effect }) => Effect === 'Allow')).toBe(true);
    const { PolicyDocument } = only(pipeline, 'AWS::IAM::Policy', role).Properties as {
      PolicyDocument: { Statement: readonly Statement[] };
    };
    const ours = PolicyDocument.Statement.filter(({ Resource }) => named(Resource).includes('customer-films'));
    expect(actionsOf(theirs)).toEqual(actionsOf(ours));
  },
);

test('the bucket policy in docs/deploy.md allows no other role', () => {
  const principals = Statement.map(({ Principal }) => /pipeline-([A-Za-z]+Role)/.exec(Principal.AWS)?.[1]);
  expect(new Set(principals)).toEqual(new Set(['CopyOutputRole', 'ReconcileRole']));
});
