import { Stack } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** The commands that alarms and outputs tell people to type. */
export interface Commands {
  readonly tessera: (command: string) => string;
  readonly setSecrets: string;
}

export const stageCommands = (stage: string): Commands => ({
  tessera: (command) => `npm run tessera -- ${command} --stage ${stage}`,
  setSecrets: `npm run secrets -- ${stage}`,
});

export const pipelineCommands = (name: string, apiKey: ISecret): Commands => ({
  tessera: (command) => `npx tessera ${command} --stage ${name}`,
  setSecrets: `aws secretsmanager put-secret-value --secret-id ${apiKey.secretArn} --secret-string …`,
});

/** The stack's name and the construct's path in it: unique within the account and region. */
export function qualifiedName(construct: Construct): string {
  const stack = Stack.of(construct);
  return [stack.stackName, ...idsBelow(stack, construct)].join('/');
}

/** The ids from the stack down to the construct. Like the CDK's logical ids, they leave out `Default`. */
export const idsBelow = (stack: Stack, construct: Construct): string[] =>
  construct.node.scopes
    .slice(stack.node.scopes.length)
    .map(({ node }) => node.id)
    .filter((id) => id !== 'Default');
