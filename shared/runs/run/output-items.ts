import type { Item, Json, Table, Write } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { RememberedTransfer, Transferred } from '../../transfer/transfer.ts';
import { outputKey } from './run-items.ts';

/** The state of one output's copy into the deliveries bucket. */
export type OutputState = CopyingOutput | EndedOutput;

export type CopyingOutput = {
  readonly status: 'copying';
  /** The multipart upload, if the output is copied in parts. */
  readonly transfer?: RememberedTransfer;
  /** ISO time at which the first slice began. */
  readonly begunAt?: string;
  /** Bytes copied so far, for progress displays. */
  readonly arrivedBytes?: number;
  /** ISO time of the last heartbeat. */
  readonly at?: string;
  /** How often it failed for a temporary reason, for failures with few retries. */
  readonly failures?: number;
  /** How many slices had to restart, for example because the source changed. */
  readonly restarts?: number;
};

export type CopiedOutput = {
  readonly status: 'copied';
  readonly key: string;
  readonly versionId: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Transferred['checksum'];
  /** Whether the source sent a checksum that matched. */
  readonly comparedWithSource?: boolean;
  readonly contentType: string;
  /** Without a dot; absent in records of older versions. */
  readonly extension?: string;
  readonly storageClass?: string;
};

export type EndedOutput = CopiedOutput | { readonly status: 'failed'; readonly reason: string };

export async function readOutput(table: Table, runId: string, outputId: string): Promise<OutputState | undefined> {
  const item = await table.get(outputKey(runId, outputId));
  return item && fromItem(item);
}

/** Writes an output's state with the given writes, unless the output has ended: its first end stays. True if written. */
export async function noteOutput(
  table: Table,
  runId: string,
  outputId: string,
  state: OutputState,
  alongside: readonly Write[] = [],
): Promise<boolean> {
  const put: Item = { ...outputKey(runId, outputId), type: 'output', outputId, ...(state as { [name: string]: Json }) };
  const written = await table.write({ put, if: 'absent' }, ...alongside);
  if (written.done) return true;
  const before = written.conflicts.find(({ index }) => index === 0)?.existing;
  return (await table.write(...withEndOf(before, { put, if: { status: 'copying' } }, ...alongside))).done;
}

/** If the run has ended and its records expire, a late item expires with them. */
const withEndOf = ({ expiresAt }: Partial<Item> = {}, ...writes: readonly Write[]): readonly Write[] =>
  expiresAt === undefined
    ? writes
    : writes.map((write) => ('put' in write ? { ...write, put: { ...write.put, expiresAt } } : write));

/** The heartbeat of a copy in flight. */
export async function noteArrived(
  table: Table,
  runId: string,
  outputId: string,
  progress: { readonly arrivedBytes: number; readonly at: string },
): Promise<void> {
  await table.write({ update: outputKey(runId, outputId), set: progress, if: { status: 'copying' } });
}

/** The state of each output, by its id. */
export async function outputStates(table: Table, runId: string): Promise<ReadonlyMap<string, OutputState>> {
  const outputs = new Map<string, OutputState>();
  for await (const item of allItems(table, { pk: `RUN#${runId}`, prefix: 'OUTPUT#' }))
    outputs.set(String(item.outputId), fromItem(item));
  return outputs;
}

/** The outputs that were copied or failed, by their ids. */
export async function endedOutputs(table: Table, runId: string): Promise<ReadonlyMap<string, EndedOutput>> {
  const states = await outputStates(table, runId);
  return new Map([...states].filter((entry): entry is [string, EndedOutput] => entry[1].status !== 'copying'));
}

// Without expiresAt, which belongs to the other run.
const fromItem = ({ pk, sk, type, outputId, expiresAt, ...state }: Item): OutputState =>
  state as unknown as OutputState;
