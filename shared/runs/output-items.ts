import type { Item, Json, Table, Write } from '../platform/ports.ts';
import { allItems } from './all-items.ts';
import { outputKey } from './run-items.ts';
import type { RememberedTransfer, Transferred } from './transfer.ts';

/** What we know of one output's way into the deliveries. */
export type OutputState =
  | { readonly status: 'copying'; readonly transfer: RememberedTransfer }
  | CopiedOutput
  | { readonly status: 'failed'; readonly reason: string };

export type CopiedOutput = {
  readonly status: 'copied';
  readonly key: string;
  readonly versionId: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Transferred['checksum'];
  readonly contentType: string;
};

export type EndedOutput = Exclude<OutputState, { status: 'copying' }>;

export async function readOutput(table: Table, runId: string, outputId: string): Promise<OutputState | undefined> {
  const item = await table.get(outputKey(runId, outputId));
  return item && fromItem(item);
}

/** Writes how far an output is, and what goes with it, unless it has ended: its first ending stays. */
export async function noteOutput(
  table: Table,
  runId: string,
  outputId: string,
  state: OutputState,
  alongside: readonly Write[] = [],
): Promise<void> {
  const put: Item = { ...outputKey(runId, outputId), type: 'output', outputId, ...(state as { [name: string]: Json }) };
  const written = await table.write({ put, if: 'absent' }, ...alongside);
  if (!written.done) await table.write({ put, if: { status: 'copying' } }, ...alongside);
}

/** The outputs that are done, one way or the other, by their ids. */
export async function endedOutputs(table: Table, runId: string): Promise<ReadonlyMap<string, EndedOutput>> {
  const outputs = new Map<string, EndedOutput>();
  for await (const item of allItems(table, { pk: `RUN#${runId}`, prefix: 'OUTPUT#' })) {
    const state = fromItem(item);
    if (state.status !== 'copying') outputs.set(String(item.outputId), state);
  }
  return outputs;
}

const fromItem = ({ pk, sk, type, outputId, ...state }: Item): OutputState => state as unknown as OutputState;
