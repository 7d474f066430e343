import { InvalidInput } from '../../../shared/errors.ts';
import { silentLog } from '../../../shared/log.ts';
import { mosaicClient } from '../../../shared/mosaic/client.ts';
import { dynamoTable, s3Bucket, secretsManager, sqsQueue } from '../../../shared/platform/aws/index.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { storedRules } from '../../../shared/runs/rules/stored-rules.ts';
import type { Hop } from '../queries/dead-letters.ts';
import { findStage, type StageOutputs } from './stage-outputs.ts';
import type { World } from './world.ts';

/** A deployed stage, found by what its stack says of itself. */
export async function openStageWorld(stage: string): Promise<World> {
  return stageWorld(stage, (await findStage(stage)).outputs);
}

export function stageWorld(stage: string, outputs: StageOutputs): World {
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
    // A stage without one tells nobody.
    notifyQueue: outputs.NotifyQueue === undefined ? undefined : sqsQueue(outputs.NotifyQueue),
    hops: () => hopsOf(stage, outputs),
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

const hopNames = [
  ['starts', 'StartQueue', 'StartDeadLetters'],
  ['settles', 'SettleQueue', 'SettleDeadLetters'],
  ['copies', 'CopyQueue', 'CopyDeadLetters'],
  ['notices', 'NotifyQueue', 'NotifyDeadLetters'],
] as const;

const hopsOf = (stage: string, outputs: StageOutputs): readonly Hop[] =>
  hopNames.map(([name, queue, deadLetters]) => ({
    name,
    queue: sqsQueue(needed(stage, outputs, queue)),
    deadLetters: sqsQueue(needed(stage, outputs, deadLetters)),
    // One of its machines may be asked in vain; who waits asks them all.
    waitSeconds: 1,
  }));

function needed(stage: string, outputs: StageOutputs, name: keyof StageOutputs): string {
  const value = outputs[name];
  if (value !== undefined) return value;
  throw new InvalidInput(
    `The stage ${stage} does not say its ${name}: it was deployed by an older Tessera. Deploy it again.`,
  );
}
