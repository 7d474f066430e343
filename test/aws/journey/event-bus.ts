import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accountId, type Resolve, region } from './intrinsics.ts';
import { ofType, type StackTemplate } from './stage.ts';

export interface BusEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Principal: { readonly Service?: string };
  readonly Condition?: { readonly ArnEquals?: { readonly 'aws:SourceArn'?: string } };
  readonly Resource: string;
}

/** What EventBridge does with the template's rules that send to queues. Returns how many queues were sent the event. */
export async function putEvent(template: StackTemplate, resolve: Resolve, event: BusEvent): Promise<number> {
  const whole = {
    ...event,
    version: '0',
    id: randomUUID(),
    account: accountId,
    region,
    time: new Date().toISOString(),
  };
  const rules = ofType(template, 'AWS::Events::Rule').filter(([, { EventPattern, State }]) => {
    const pattern = resolve(template.stack, EventPattern);
    return pattern !== undefined && State === 'ENABLED' && matches(pattern, whole);
  });
  const targets = rules.flatMap(([id, { Targets }]) => (Targets as { Arn: unknown }[]).map(({ Arn }) => ({ id, Arn })));
  for (const { id, Arn } of targets) {
    const queueArn = String(resolve(template.stack, Arn));
    const ruleArn = String(resolve(template.stack, { 'Fn::GetAtt': [id, 'Arn'] }));
    if (!maySend(template, resolve, ruleArn, queueArn))
      throw new Error(`No policy lets rule ${id} send to ${queueArn}.`);
    const QueueUrl = `${process.env.AWS_ENDPOINT_URL_SQS}/${accountId}/${queueArn.split(':').at(-1)}`;
    await new SQSClient().send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(whole) }));
  }
  return targets.length;
}

/** Of EventBridge's patterns only lists of values are known here. */
function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) {
    if (pattern.some((one) => typeof one === 'object')) throw new Error('An event pattern has a filter unknown here.');
    return pattern.includes(value);
  }
  const fields = value as Record<string, unknown> | undefined;
  return Object.entries(pattern as Record<string, unknown>).every(([name, one]) => matches(one, fields?.[name]));
}

function maySend(template: StackTemplate, resolve: Resolve, ruleArn: string, queueArn: string): boolean {
  return ofType(template, 'AWS::SQS::QueuePolicy')
    .flatMap(([, { PolicyDocument }]) => (PolicyDocument as { Statement: unknown[] }).Statement)
    .map((statement) => resolve(template.stack, statement) as Statement)
    .some(
      ({ Effect, Action, Principal, Condition, Resource }) =>
        Effect === 'Allow' &&
        [Action].flat().includes('sqs:SendMessage') &&
        Principal.Service === 'events.amazonaws.com' &&
        Condition?.ArnEquals?.['aws:SourceArn'] === ruleArn &&
        Resource === queueArn,
    );
}
