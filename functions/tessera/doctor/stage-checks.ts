import type { Stack } from '@aws-sdk/client-cloudformation';
import { messageOf } from '../../../shared/errors.ts';
import { explained } from '../world/aws-errors.ts';
import { findStage, type StageOutputs, sinceNotices } from '../world/stage-outputs.ts';
import { stageWorld } from '../world/stage-world.ts';
import type { World } from '../world/world.ts';
import { bad, type Finding, good, note, runChecks } from './finding.ts';
import { node } from './node-check.ts';
import { permissions } from './permissions.ts';
import { pipelineChecks } from './pipeline-checks.ts';
import { secretChecks } from './secret-checks.ts';

/** How a deployed stage is, and whether these credentials can do what the command does there. */
export async function stageFindings(stage: string): Promise<readonly Finding[]> {
  const first = await runChecks([node, { name: 'credentials', look: credentials }]);
  // Without any, everything else would only say the same again.
  if (first.some(({ state }) => state === 'bad')) return first;
  try {
    const { stack, outputs } = await findStage(stage);
    return [...first, ...(await inStage(stage, stack, outputs))];
  } catch (error) {
    return [...first, bad('stack', messageOf(explained(error)))];
  }
}

async function inStage(stage: string, stack: Stack, outputs: StageOutputs): Promise<readonly Finding[]> {
  const world = stageWorld(stage, outputs);
  return runChecks([
    { name: 'stack', look: async () => stackIs(stack, outputs) },
    { name: 'permissions', look: () => permissions(world, outputs) },
    ...secretChecks(stage, stack, outputs),
    { name: 'mosaic', look: () => mosaicIs(stage, world, outputs) },
    { name: 'webhook', look: () => webhookIs(outputs) },
    {
      name: 'bucket events',
      look: () => eventsAre(stage, outputs),
      cure: 'you need s3:GetBucketNotification to look at this',
    },
    ...pipelineChecks(world),
    {
      name: 'alarms',
      look: () => alarmsAre(stack),
      cure: 'you need cloudformation:ListStackResources to look at this',
    },
    { name: 'quotas', look: async () => quotas },
  ]);
}

async function credentials(): Promise<Finding> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient({});
  const { Arn, Account } = await client.send(new GetCallerIdentityCommand({}));
  return good('credentials', `${Arn} in account ${Account}, region ${await client.config.region()}`);
}

function stackIs({ StackName, StackStatus }: Stack, outputs: StageOutputs): readonly Finding[] {
  const missing = sinceNotices.filter((name) => outputs[name] === undefined);
  const findings =
    missing.length === 0
      ? []
      : [
          bad(
            'stack',
            `${StackName} does not say its ${missing.join(', ')}: it was deployed by an older Tessera`,
            'deploy it again',
          ),
        ];
  const status = StackStatus ?? 'in no state';
  if (/_COMPLETE$/.test(status) && !/ROLLBACK|DELETE/.test(status))
    return [good('stack', `${StackName}, ${status}`), ...findings];
  return [
    /IN_PROGRESS$/.test(status)
      ? note('stack', `${StackName} is just being changed: ${status}`, 'ask again once it is done')
      : bad('stack', `${StackName} is ${status}`, 'its events in the CloudFormation console say why; deploy it again'),
    ...findings,
  ];
}

async function mosaicIs(stage: string, world: World, outputs: StageOutputs): Promise<Finding> {
  const host = new URL(outputs.MosaicApiUrl).host;
  try {
    const { organizationName, email } = await (await world.mosaic()).whoami();
    const who = [organizationName, email].filter(Boolean).join(', ');
    return good('mosaic', `${host} answers and takes the API key${who === '' ? '' : ` of ${who}`}`);
  } catch (error) {
    const { kind } = error as { kind?: unknown };
    const isRefused = kind === 'unauthorised' || kind === 'forbidden';
    return bad(
      'mosaic',
      messageOf(explained(error)),
      isRefused
        ? `set the key of your account: npm run secrets -- ${stage}`
        : `is ${host} up? With your own engine, look at its stack and logs`,
    );
  }
}

/** An address that belongs to no run: our function answers it, and stores nothing. */
async function webhookIs({ WebhookUrl }: StageOutputs): Promise<Finding> {
  if (WebhookUrl === undefined) return note('webhook', 'the stack does not say its address', 'deploy it again');
  const { host } = new URL(WebhookUrl);
  const cure = 'The log of the webhook function says more; is something between here and AWS in the way?';
  try {
    const response = await fetch(`${WebhookUrl}/doctor`, {
      method: 'POST',
      body: '{}',
      signal: AbortSignal.timeout(15_000),
    });
    const text = (await response.text()).slice(0, 200);
    // API Gateway's own answer has other letters.
    if (response.status === 404 && text.includes('"not found"')) return good('webhook', `${host} answers`);
    return bad('webhook', `${host} answers ${response.status} where 404 was expected`, cure);
  } catch (error) {
    return bad('webhook', `${host} cannot be reached: ${messageOf((error as Error).cause ?? error)}`, cure);
  }
}

async function eventsAre(stage: string, { UploadsBucket }: StageOutputs): Promise<Finding> {
  const { GetBucketNotificationConfigurationCommand, S3Client } = await import('@aws-sdk/client-s3');
  const s3 = new S3Client({ forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL) });
  const found = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: UploadsBucket }));
  return found.EventBridgeConfiguration === undefined
    ? bad(
        'bucket events',
        `${UploadsBucket} does not send its events to EventBridge, so no upload is noticed`,
        `node infra/switch-events-on.ts ${stage}; then, for the objects that are there: tessera backfill ""`,
      )
    : good('bucket events', `${UploadsBucket} sends them to EventBridge`);
}

/** Their states are CloudWatch's to tell; what most of them watch is looked at above. */
async function alarmsAre({ StackName }: Stack): Promise<Finding> {
  const types = await resourceTypes(StackName ?? '');
  const alarms = types.filter((type) => type === 'AWS::CloudWatch::Alarm').length;
  const says = `${alarms} in the stack; which of them ring: aws cloudwatch describe-alarms --state-value ALARM`;
  if (alarms > 0 && !types.includes('AWS::SNS::Subscription'))
    return note('alarms', says, 'the stack sends them to no address: set alarmEmail, or subscribe to its topic');
  return note('alarms', says);
}

async function resourceTypes(StackName: string): Promise<readonly string[]> {
  const { CloudFormationClient, ListStackResourcesCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  const types: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListStackResourcesCommand({ StackName, NextToken }));
    types.push(...(page.StackResourceSummaries ?? []).map(({ ResourceType = '' }) => ResourceType));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return types;
}

const quotas: Finding = note(
  'quotas',
  'Lambda is not asked from here. New accounts run ten functions at once, which is few: aws lambda get-account-settings --query AccountLimit.ConcurrentExecutions',
  'less than 100: ask for more in Service Quotas, Lambda, Concurrent executions',
);
