import type { Stack } from '@aws-sdk/client-cloudformation';
import { InvalidInput, Missing } from '../../shared/errors.ts';
import { silentLog } from '../../shared/log.ts';
import { mosaicClient } from '../../shared/mosaic/client.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../shared/platform/aws/index.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../shared/runs/rules/stored-rules.ts';
import { explained } from './aws-errors.ts';
import type { World } from './world.ts';

/** A deployed stage, found by what its stack says of itself. */
export async function openStageWorld(stage: string): Promise<World> {
  const outputs = outputsOf(await findStack(stage), stage);
  const secrets = secretsManager();
  const uploads = outputs.UploadsBucket;
  const runs = dynamoTable(outputs.RunsTable);
  const initialRules = JSON.parse(outputs.InitialRules);
  return {
    name: `stage ${stage}`,
    isStage: true,
    runs,
    uploads: s3Bucket(uploads),
    startQueue: sqsQueue(outputs.StartQueue),
    settleQueue: sqsQueue(outputs.SettleQueue),
    buckets: [uploads, outputs.DeliveriesBucket],
    places: { uploads, deliveries: outputs.DeliveriesBucket, deliveriesPrefix: outputs.DeliveriesPrefix },
    mosaic: async () =>
      mosaicClient({ baseUrl: outputs.MosaicApiUrl, apiKey: () => secrets(outputs.MosaicApiKeySecret) }),
    initialRules: async () => initialRules,
    rules: storedRules({ runs, clock: Date.now }, parseRules(initialRules)),
    clock: Date.now,
    log: silentLog,
    idleBecause: () => undefined,
    close: () => {},
  };
}

const needed = [
  'RunsTable',
  'UploadsBucket',
  'DeliveriesBucket',
  'StartQueue',
  'SettleQueue',
  'MosaicApiUrl',
  'MosaicApiKeySecret',
  'InitialRules',
] as const;
type Outputs = Record<(typeof needed)[number] | 'DeliveriesPrefix', string>;

const stackNameOf = (stage: string): string => `tessera-${stage}-pipeline`;

async function findStack(stage: string): Promise<Stack> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: stackNameOf(stage) }));
    if (stack) return stack;
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw explained(error);
  } finally {
    client.destroy();
  }
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  throw new Missing(
    `There is no stack ${stackNameOf(stage)} in ${region ?? "this profile's region"}. ` +
      'Check the stage, --region and --profile; or deploy the stage first (npm run deploy).',
  );
}

/** An empty value cannot be an output, so the prefix is missing where there is none. */
export function outputsOf({ Outputs: given = [] }: Pick<Stack, 'Outputs'>, stage: string): Outputs {
  const values = new Map(given.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const missing = needed.filter((name) => !values.get(name));
  if (missing.length > 0)
    throw new InvalidInput(
      `The stack ${stackNameOf(stage)} does not say its ${missing.join(', ')}: it was deployed by an older Tessera. Deploy it again.`,
    );
  const deliveriesPrefix = values.get('DeliveriesPrefix') ?? '';
  return {
    DeliveriesPrefix: deliveriesPrefix,
    ...Object.fromEntries(needed.map((name) => [name, values.get(name)])),
  } as Outputs;
}
