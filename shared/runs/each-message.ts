import type { Log } from '../log.ts';

interface Batch {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

interface Outcome {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Handles each message by itself: one that fails comes again, alone. So does one that can't be read: after its tries it
 * lies among the dead letters, where a person sees it, while an acknowledged one would be gone.
 */
export async function eachMessage(
  batch: Batch,
  log: Log,
  handle: (body: unknown) => Promise<unknown>,
): Promise<Outcome> {
  const batchItemFailures: Outcome['batchItemFailures'] = [];
  for (const { messageId, body } of batch.Records) {
    try {
      await handle(JSON.parse(body));
    } catch (error) {
      log.error('message.failed', { messageId, error });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}

/** Every message comes again: what failed was done for all of them. */
export const failAll = (batch: Batch): Outcome => ({
  batchItemFailures: batch.Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
});
