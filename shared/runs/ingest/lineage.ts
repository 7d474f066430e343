import { isRunId } from '../run/ids.ts';
import { wasOurs } from '../run/retention.ts';
import type { Lineage } from '../run/run.ts';
import { hopsMetadata, rootRunIdMetadata, runIdMetadata } from '../run/upload.ts';
import type { IngestDeps } from './deps.ts';
import { ignored, rejected, type Verdict } from './verdict.ts';

/**
 * Whether an upload is an output of ours. One of this pipeline is never an upload again; one of another pipeline may
 * be, up to the limit of hops, which ends a loop over several of them.
 */
export async function lineageOf(
  deps: IngestDeps,
  metadata: Readonly<Record<string, string>>,
): Promise<Lineage | Verdict | undefined> {
  const parentRunId = metadata[runIdMetadata];
  if (parentRunId === undefined) return undefined;
  // Anybody may write such marks, so none is believed that we could not have written.
  const hops = /^\d{1,4}$/.test(metadata[hopsMetadata] ?? '') ? Number(metadata[hopsMetadata]) : undefined;
  const isKnown = isRunId(parentRunId) && (await wasOurs(deps, parentRunId));
  if (hops === undefined || !isRunId(parentRunId) || isKnown)
    return ignored('it is an output that we delivered. Keep deliveries out of the uploads.');
  const { maxHops } = await deps.rules();
  if (hops + 1 > maxHops)
    return rejected(
      `its video went through ${times(hops + 1, 'pipeline')} like this one already, which looks like a loop: an output may become an input again ${times(maxHops, 'time')} in a row ("maxHops"). Keep deliveries out of the uploads.`,
    );
  const root = metadata[rootRunIdMetadata] ?? '';
  return { hops: hops + 1, rootRunId: isRunId(root) ? root : parentRunId, parentRunId };
}

const times = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

export const isVerdict = (value: object | undefined): value is Verdict => value !== undefined && 'next' in value;
