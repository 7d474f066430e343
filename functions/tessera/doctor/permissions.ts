import type { Table } from '../../../shared/platform/ports.ts';
import { wakeStartWaiting } from '../../../shared/runs/messages.ts';
import type { StageOutputs } from '../stage-outputs.ts';
import type { World } from '../world.ts';
import { type Check, type Finding, good, lookedAt } from './finding.ts';

/** Each permission that the command needs, by a call that changes nothing. */
export async function permissions(world: World, outputs: StageOutputs): Promise<readonly Finding[]> {
  const found = await lookedAt([
    ...tablePermissions(world.runs),
    ...bucketPermissions(world),
    ...queuePermissions(world, outputs),
  ]);
  const given = found.filter(({ state }) => state === 'good').map(({ name }) => name);
  const refused = found.filter(({ state }) => state !== 'good');
  return [...(given.length > 0 ? [good('permissions', given.join(', '))] : []), ...refused];
}

/** No item has this key, so a write that needs one there does nothing. */
const nowhere = { pk: 'DOCTOR', sk: 'NOTHING' };

const tablePermissions = (runs: Table): readonly Check[] => [
  may('dynamodb:GetItem', () => runs.get(nowhere)),
  may('dynamodb:Query', () => runs.query({ pk: nowhere.pk, limit: 1 })),
  may('dynamodb:Query of the index', () => runs.query({ pk: nowhere.pk, index: true, limit: 1 })),
  may('dynamodb:PutItem', () => runs.write({ put: { ...nowhere, type: 'doctor' }, if: {} })),
  may('dynamodb:UpdateItem', () => runs.write({ update: nowhere, set: { looked: true }, if: {} })),
  may('dynamodb:DeleteItem', () => runs.write({ delete: nowhere, if: {} })),
];

const bucketPermissions = ({ uploads }: World): readonly Check[] => [
  may('s3:ListBucket', () => uploads.list({ limit: 1 })),
  may('s3:GetObject', () => uploads.head('tessera-doctor/nothing')),
];

/** To be woken changes nothing; a dead letter that was looked at is there again at once. */
const queuePermissions = (world: World, outputs: StageOutputs): readonly Check[] => [
  may('sqs:SendMessage', () => wakeStartWaiting(world.startQueue)),
  ...(outputs.StartDeadLetters === undefined
    ? []
    : world
        .hops()
        .map(({ name, deadLetters }) =>
          may(`sqs:ReceiveMessage of the dead ${name}`, () => deadLetters.receive({ max: 1, visibilitySeconds: 0 })),
        )),
];

const may = (name: string, call: () => Promise<unknown>): Check => ({
  name,
  look: async () => {
    await call();
    return good(name, 'given');
  },
  cure: `allow ${name.split(' ')[0]}, or use other credentials with --profile`,
});
