import type { Resolve } from './intrinsics.ts';
import { ofType, type StackTemplate } from './stage.ts';

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** What the template lets a role do, its intrinsics resolved. */
export function statementsOf(template: StackTemplate, roleId: string, resolve: Resolve): readonly Statement[] {
  const statements = ofType(template, 'AWS::IAM::Policy')
    .filter(([, { Roles }]) => (Roles as { Ref?: string }[]).some(({ Ref }) => Ref === roleId))
    .flatMap(([, { PolicyDocument }]) => (PolicyDocument as { Statement: unknown[] }).Statement)
    .map((statement) => resolve(template.stack, statement) as Statement);
  for (const { Effect: _, Action: __, Resource: ___, ...more } of statements)
    if (Object.keys(more).length > 0) throw new Error(`${roleId} is allowed something with ${Object.keys(more)}.`);
  return statements;
}

export interface AssumableRole {
  readonly arn: string;
  readonly statements: readonly Statement[];
  /** ARNs of the roles that may take it on. */
  readonly trusted: readonly string[];
}

/** The template's roles that other roles may take on. */
export function assumableRoles(template: StackTemplate, resolve: Resolve): readonly AssumableRole[] {
  return ofType(template, 'AWS::IAM::Role').flatMap(([id, { AssumeRolePolicyDocument }]) => {
    const { Statement } = resolve(template.stack, AssumeRolePolicyDocument) as {
      Statement: { Effect: string; Principal: { AWS?: string | string[] } }[];
    };
    const allowing = Statement.filter(({ Effect }) => Effect === 'Allow');
    const trusted = allowing.flatMap(({ Principal: { AWS = [] } }) => AWS);
    const arn = String(resolve(template.stack, { 'Fn::GetAtt': [id, 'Arn'] }));
    return trusted.length === 0 ? [] : [{ arn, trusted, statements: statementsOf(template, id, resolve) }];
  });
}

/** As IAM decides without conditions: a Deny wins, then an Allow is needed. */
export function isAllowed(statements: readonly Statement[], action: string, resource: string): boolean {
  const about = statements.filter(
    ({ Action, Resource }) =>
      [Action].flat().some((pattern) => matches(pattern, action, 'i')) &&
      [Resource].flat().some((pattern) => matches(pattern, resource)),
  );
  return about.length > 0 && about.every(({ Effect }) => Effect === 'Allow');
}

function matches(pattern: string, text: string, flags = ''): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, `s${flags}`).test(text);
}
