import { type CopiedOutput, readOutput } from '../run/output-items.ts';
import type { Copying, ExpectedOutput } from '../run/run.ts';
import type { DeliverDeps } from './deps.ts';

/** The object that the previous run delivered, if it still exists: it is not copied twice. */
export async function adoptedOutput(
  { runs, deliveries, log }: DeliverDeps,
  { id: runId, redelivers }: Copying,
  { id }: ExpectedOutput,
): Promise<CopiedOutput | undefined> {
  const before = redelivers === undefined ? undefined : await readOutput(runs, redelivers, id);
  if (before?.status !== 'copied') return undefined;
  const head = await deliveries.head(before.key, { versionId: before.versionId });
  if (head?.size !== before.size) return undefined;
  // Without versions, another object may have this key now.
  if (before.checksum.algorithm === 'crc32c' && (head.crc32c ?? before.checksum.value) !== before.checksum.value)
    return undefined;
  log.info('output.adopted', { runId, outputId: id, key: before.key });
  return before;
}
