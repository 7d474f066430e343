import type { SQSEvent } from 'aws-lambda';
import { type EventSource, type Poller, startPoller } from './event-source.ts';
import type { RunningFunction } from './functions.ts';
import type { Route } from './http-api.ts';
import { addressOf, type Deployed, type Resolve, region } from './intrinsics.ts';
import { ofType, type StackTemplate } from './stage.ts';

/** The routes of a template's HTTP API, each to its function, which must let API Gateway call it. */
export function routesOf(template: StackTemplate, functions: readonly RunningFunction[], resolve: Resolve): Route[] {
  const { stack } = template;
  const integrations = new Map(ofType(template, 'AWS::ApiGatewayV2::Integration'));
  return ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { RouteKey, Target, ApiId }]) => {
    const [, integrationId = ''] = String(resolve(stack, Target)).split('/');
    const target = functionAt(functions, resolve(stack, integrations.get(integrationId)?.IntegrationUri));
    const apiArn = `:${String(resolve(stack, ApiId))}/`;
    requirePermission(template, resolve, target, 'apigateway.amazonaws.com', (source) => source.includes(apiArn));
    return { routeKey: String(RouteKey), invoke: target.invoke };
  });
}

/** Starts what Lambda does for the template's event source mappings. */
export function startPollers(
  template: StackTemplate,
  functions: readonly RunningFunction[],
  resolve: Resolve,
  deployed: Deployed,
  awsUrl: string,
): Poller[] {
  const { stack } = template;
  return ofType(template, 'AWS::Lambda::EventSourceMapping').map(([, mapping]) => {
    const { BatchSize, EventSourceArn, FunctionName, FunctionResponseTypes = [] } = mapping;
    const target = functions.find(({ logicalId }) => logicalId === (FunctionName as { Ref: string }).Ref);
    if (target === undefined) throw new Error(`${stack} maps a queue to ${JSON.stringify(FunctionName)}.`);
    const [queueId] = (EventSourceArn as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'];
    const source: EventSource = {
      queueUrl: deployed.get(addressOf(stack, queueId))?.ref ?? '',
      queueArn: String(resolve(stack, EventSourceArn)),
      batchSize: Number(BatchSize),
      partialFailures: (FunctionResponseTypes as string[]).includes('ReportBatchItemFailures'),
      invoke: (event: SQSEvent) => target.invoke(event),
      sqs: { region, endpoint: awsUrl, credentials: { accessKeyId: target.pollerKey, secretAccessKey: 'lambda' } },
    };
    return startPoller(source);
  });
}

/** Sends the schedule's event to the function that the template's one schedule calls. */
export async function runSchedule(
  template: StackTemplate,
  functions: readonly RunningFunction[],
  resolve: Resolve,
): Promise<unknown> {
  const [schedule] = ofType(template, 'AWS::Events::Rule').filter(([, rule]) => rule.ScheduleExpression !== undefined);
  if (schedule === undefined) throw new Error(`${template.stack} has no schedule.`);
  const [id, { Targets }] = schedule;
  const ruleArn = String(resolve(template.stack, { 'Fn::GetAtt': [id, 'Arn'] }));
  const [{ Arn } = { Arn: undefined }] = Targets as { Arn: unknown }[];
  const target = functionAt(functions, resolve(template.stack, Arn));
  requirePermission(template, resolve, target, 'events.amazonaws.com', (source) => source === ruleArn);
  return target.invoke({
    ...{ version: '0', id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa', 'detail-type': 'Scheduled Event' },
    ...{ source: 'aws.events', account: '123456789012', time: new Date().toISOString(), region },
    ...{ resources: [ruleArn], detail: {} },
  });
}

function functionAt(functions: readonly RunningFunction[], arn: unknown): RunningFunction {
  const found = functions.find((one) => one.arn === arn);
  if (found === undefined) throw new Error(`No function has the ARN ${arn}.`);
  return found;
}

function requirePermission(
  template: StackTemplate,
  resolve: Resolve,
  target: RunningFunction,
  service: string,
  isSource: (arn: string) => boolean,
): void {
  const permitted = ofType(template, 'AWS::Lambda::Permission').some(
    ([, { Action, FunctionName, Principal, SourceArn }]) =>
      Action === 'lambda:InvokeFunction' &&
      Principal === service &&
      resolve(template.stack, FunctionName) === target.arn &&
      isSource(String(resolve(template.stack, SourceArn))),
  );
  if (!permitted) throw new Error(`${service} may not call ${target.door}.`);
}
