import { messageOf } from '../../../shared/errors.ts';
import type { Json, Table } from '../../../shared/platform/ports.ts';
import { wakeSettle, wakeStartWaiting } from '../../../shared/runs/run/messages.ts';
import type { Hop } from '../queries/dead-letters.ts';
import type { StageOutputs } from '../world/stage-outputs.ts';
import type { World } from '../world/world.ts';
import { type Check, type Finding, good, runChecks } from './finding.ts';

/** Each permission that the command needs, by a call that changes nothing. */
export async function permissions(world: World, outputs: StageOutputs): Promise<readonly Finding[]> {
  const found = await runChecks([
    ...tablePermissions(world.runs),
    ...bucketPermissions(world),
    ...queuePermissions(world, outputs),
  ]);
  // Of many queues one line is enough where nothing is missing.
  const given = unique(found.filter(({ state }) => state === 'good').map(({ name }) => name.split(' ')[0] ?? ''));
  const refused = found.filter(({ state }) => state !== 'good');
  return [...(given.length > 0 ? [good('permissions', given.join(', '))] : []), ...refused];
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

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

/**
 * To be woken changes nothing, least of all for a run that is not there; a dead letter that was looked at is there again
 * at once; and a receipt that was never given names no message.
 */
const queuePermissions = (world: World, { StartDeadLetters }: StageOutputs): readonly Check[] => [
  may('sqs:SendMessage to starts', () => wakeStartWaiting(world.startQueue)),
  may('sqs:SendMessage to settles', () => wakeSettle(world.settleQueue, [nobody])),
  ...(StartDeadLetters === undefined ? [] : redrivePermissions(world.hops())),
];

const redrivePermissions = (hops: readonly Hop[]): readonly Check[] => [
  ...hops.flatMap(({ name, queue }) => {
    const message = harmless[name];
    return message === undefined ? [] : [may(`sqs:SendMessage to ${name}`, () => queue.send({ body: message }))];
  }),
  ...hops.flatMap(({ name, deadLetters }) => [
    may(`sqs:ReceiveMessage of the dead ${name}`, () => deadLetters.receive({ max: 1, visibilitySeconds: 0 })),
    may(`sqs:ChangeMessageVisibility of the dead ${name}`, () => deadLetters.extend(nobody, 0)),
    may(`sqs:DeleteMessage of the dead ${name}`, () => deadLetters.done(nobody)),
  ]),
];

const nobody = 'tessera-doctor';
const harmless: Readonly<Record<string, Json>> = {
  copies: { runId: nobody, outputId: nobody },
  notices: { runId: nobody, revision: 0 },
};

const may = (name: string, call: () => Promise<unknown>): Check => ({
  name,
  look: async () => {
    await call().catch((error: unknown) => {
      // SQS checks the permission before it looks at the receipt.
      if (!/ReceiptHandle|InvalidParameter/.test(`${(error as Error).name} ${messageOf(error)}`)) throw error;
    });
    return good(name, 'given');
  },
  cure: `allow ${name.split(' ')[0]}, or use other credentials with --profile`,
});
