import type { Log } from '../shared/log.ts';

interface Message {
  readonly messageId: string;
  readonly body: string;
}

interface Outcome {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Handles each message by itself: one that fails comes again, alone. So does one that can't be read: after its tries it
 * lies among the dead letters, where a person sees it, while an acknowledged one would be gone.
 */
export async function eachMessage<M extends Message>(
  batch: { readonly Records: readonly M[] },
  log: Log,
  handle: (body: unknown, message: M) => Promise<unknown>,
  /** For one that is to come again. */
  failed: (message: M) => Promise<void> = async () => {},
): Promise<Outcome> {
  const batchItemFailures: Outcome['batchItemFailures'] = [];
  for (const message of batch.Records) {
    const { messageId } = message;
    try {
      await handle(JSON.parse(message.body), message);
    } catch (error) {
      log.error('message.failed', { messageId, error });
      batchItemFailures.push({ itemIdentifier: messageId });
      await failed(message);
    }
  }
  return { batchItemFailures };
}

/** Every message comes again: what failed was done for all of them. */
export const failAll = (batch: { readonly Records: readonly Message[] }): Outcome => ({
  batchItemFailures: batch.Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
});
