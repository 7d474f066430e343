import type { Table } from '../../shared/platform/ports.ts';
import { allItems } from '../../shared/runs/all-items.ts';
import type { Copying } from '../../shared/runs/run.ts';

/** How much of a run's outputs has arrived, from 0 to 1: of one that is under way, the parts that were noted. */
export async function copiedShare(table: Table, { id, expected }: Copying): Promise<number> {
  let arrived = 0;
  for await (const { status, transfer } of allItems(table, { pk: `RUN#${id}`, prefix: 'OUTPUT#' }))
    arrived += status === 'copying' ? notedShare(transfer) : 1;
  return Math.min(1, arrived / Math.max(1, expected.length));
}

/** Eight digits for each part that has arrived, dashes for the others. */
function notedShare(transfer: unknown): number {
  const { bytes, partBytes, checksums } = (transfer ?? {}) as {
    bytes?: number;
    partBytes?: number;
    checksums?: string;
  };
  if (!bytes || !partBytes || checksums === undefined) return 0;
  const noted = checksums.match(/.{8}/g)?.filter((digits) => /^[0-9a-f]{8}$/.test(digits)).length ?? 0;
  return Math.min(1, noted / Math.ceil(bytes / partBytes));
}
