import { Stack } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** What people type about one pipeline, as its alarms tell them. */
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

/** Its stack and its place in there: no other construct of the account and region is called the same. */
export function nameOf(construct: Construct): string {
  const stack = Stack.of(construct);
  return [stack.stackName, ...placeIn(stack, construct)].join('/');
}

/** The ids on the way from the stack, as the CDK counts them: `Default` is none. */
export const placeIn = (stack: Stack, construct: Construct): string[] =>
  construct.node.scopes
    .slice(stack.node.scopes.length)
    .map(({ node }) => node.id)
    .filter((id) => id !== 'Default');
