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
