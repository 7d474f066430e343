import type { Stack } from '@aws-sdk/client-cloudformation';
import { InvalidInput, Missing } from '../../../shared/errors.ts';
import { explained } from './aws-errors.ts';

const always = [
  'RunsTable',
  'UploadsBucket',
  'DeliveriesBucket',
  'StartQueue',
  'SettleQueue',
  'MosaicApiUrl',
  'MosaicApiKeySecret',
  'InitialRules',
] as const;
/** What a stage says that was deployed since there are notices; only some commands have need of it. */
export const sinceNotices = [
  'CopyQueue',
  'NotifyQueue',
  'StartDeadLetters',
  'SettleDeadLetters',
  'CopyDeadLetters',
  'NotifyDeadLetters',
  'EventBus',
  'SigningSecret',
] as const;

export type StageOutputs = Record<(typeof always)[number] | 'DeliveriesPrefix', string> &
  Partial<Record<(typeof sinceNotices)[number] | 'WebhookUrl', string>>;

export interface FoundStage {
  readonly stack: Stack;
  readonly outputs: StageOutputs;
}

/** A stage of ours by its name; a pipeline in another app by its stack's, and its place in there: `STACK/PLACE`. */
export async function findStage(stage: string): Promise<FoundStage> {
  const [name = '', ...place] = stage.split('/');
  const names = place.length > 0 ? [name] : [stackNameOf(stage), stage];
  for (const stackName of names) {
    const stack = await findStack(stackName);
    if (stack) return { stack, outputs: outputsOf(stack, stackName, place) };
  }
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  throw new Missing(
    `There is no stack ${names[0]} in ${region ?? "this profile's region"}${names.length > 1 ? `, and none called ${stage}` : ''}. ` +
      'Check the stage, --region and --profile; or deploy the stage first (npm run deploy).',
  );
}

const stackNameOf = (stage: string): string => `tessera-${stage}-pipeline`;

async function findStack(name: string): Promise<Stack | undefined> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient({});
  try {
    const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return stack;
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw explained(error);
    return undefined;
  } finally {
    client.destroy();
  }
}

/** An empty value cannot be an output, so the prefix is missing where there is none. */
function outputsOf({ Outputs: given = [] }: Stack, stackName: string, place: readonly string[]): StageOutputs {
  const begin = place.join('').replaceAll(/[^A-Za-z0-9]/g, '');
  const all = new Map(given.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  const told = (name: string): string | undefined => all.get(`${begin}${name}`);
  const missing = always.filter((name) => !told(name));
  if (missing.length === always.length)
    throw new Missing(
      `The stack ${stackName} has no outputs of a Tessera${begin === '' ? '' : ` at ${place.join('/')}`}. A pipeline in an app of your own is named STACK/ID: --stage ${stackName}/ID, with the id that it has there.`,
    );
  if (missing.length > 0)
    throw new InvalidInput(
      `The stack ${stackName} does not say its ${missing.join(', ')}: it was deployed by an older Tessera. Deploy it again.`,
    );
  const names = [...always, ...sinceNotices, 'WebhookUrl'];
  const known = names.flatMap((name) => (told(name) === undefined ? [] : [[name, told(name)]]));
  return { DeliveriesPrefix: told('DeliveriesPrefix') ?? '', ...Object.fromEntries(known) };
}
