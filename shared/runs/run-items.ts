/**
 * The runs table. Questions first:
 *
 * | question                           | operation             | pk                          | sk                                |
 * |------------------------------------|-----------------------|-----------------------------|-----------------------------------|
 * | has this upload been claimed?      | put if absent         | UPLOAD#<bucket/key#version> | CLAIM#<rule id>                   |
 * | what is this run? move it on       | get; put if revision  | RUN#<id>                    | RUN                               |
 * | what was reported of it?           | put if absent; query  | RUN#<id>                    | EVENT#<digest>                    |
 * | which outputs are copied?          | put if absent; query  | RUN#<id>                    | OUTPUT#<output id>                |
 * | which waiting run is next?         | query                 | WAITING#<account>           | <9 - priority>#<arrival>#<run id> |
 * | is a slot free?                    | put if absent; query  | SLOTS#<account>             | SLOT#<number>                     |
 * | is a start of this agent open?     | put if absent         | AGENT#<agent id>            | STARTING                          |
 * | whose is this agent run?           | put if absent; get    | AGENTRUN#<agent run id>     | RUN                               |
 * | may this account start anything?   | put; get              | ACCOUNT#<account>           | HOLD                              |
 * | what came for a run unknown to us? | put if absent         | UNKNOWN#<id>                | EVENT#<digest>                    |
 * | which runs went quiet?             | query the index       | ipk OPEN#<shard>            | isk <checkAfter>                  |
 *
 * The items of a run beside its own (its place in the queue, its slot, its agent's lock, its agent run's pointer)
 * follow from its state and are written with it: see `companions`.
 */
import type { Item, Json, Key } from '../platform/ports.ts';
import type { Run } from './run.ts';
import { nextStatuses } from './run.ts';

/** One API key for each pipeline so far, so one account. */
export const account = 'default';

export const shards = ['0', '1', '2', '3'] as const;

export const runKey = (id: string): Key => ({ pk: `RUN#${id}`, sk: 'RUN' });
export const claimKey = (identity: string, ruleId: string): Key => ({
  pk: `UPLOAD#${identity}`,
  sk: `CLAIM#${ruleId}`,
});
export const eventKey = (runId: string, digest: string): Key => ({ pk: `RUN#${runId}`, sk: `EVENT#${digest}` });
export const outputKey = (runId: string, outputId: string): Key => ({ pk: `RUN#${runId}`, sk: `OUTPUT#${outputId}` });
export const agentRunKey = (agentRunId: string): Key => ({ pk: `AGENTRUN#${agentRunId}`, sk: 'RUN' });
export const agentLockKey = (agentId: string): Key => ({ pk: `AGENT#${agentId}`, sk: 'STARTING' });
export const slotKey = (slot: number): Key => ({ pk: `SLOTS#${account}`, sk: `SLOT#${String(slot).padStart(4, '0')}` });
export const holdKey: Key = { pk: `ACCOUNT#${account}`, sk: 'HOLD' };
export const waitingPk = `WAITING#${account}`;
export const openPk = (shard: string): string => `OPEN#${shard}`;

export function runToItem(run: Run): Item {
  // In the index while, and only while, somebody must look at it one day.
  const watched = 'checkAfter' in run ? { ipk: openPk(shardOf(run.id)), isk: run.checkAfter } : {};
  return { ...(run as unknown as Record<string, Json>), ...runKey(run.id), type: 'run', ...watched };
}

export function runFromItem(item: Item): Run {
  const { pk, sk, type, ipk, isk, ...run } = item;
  if (type !== 'run' || !(String(run.status) in nextStatuses))
    throw new Error(`The item ${pk} / ${sk} is not a run that this version knows.`);
  return run as unknown as Run;
}

/** The items that accompany a run in its state; each holds the run's id. */
export function companions(run: Run): readonly Item[] {
  const items: Item[] = [];
  if (run.status === 'waiting') {
    const { agentId } = run.rule;
    items.push({ ...waitingKey(run), type: 'waiting', ...ownedBy(run), agentId, notBefore: run.notBefore });
  }
  if (run.status === 'starting' || run.status === 'uncertain')
    items.push({ ...agentLockKey(run.rule.agentId), type: 'agent-lock', ...ownedBy(run) });
  if ('slot' in run) items.push({ ...slotKey(run.slot), type: 'slot', ...ownedBy(run) });
  if ('agentRunId' in run && run.agentRunId !== undefined)
    items.push({ ...agentRunKey(run.agentRunId), type: 'agent-run', ...ownedBy(run) });
  return items;
}

/** A refused run keeps its place: it waits by when it arrived, not by when it was refused. */
const waitingKey = (run: Run): Key => ({ pk: waitingPk, sk: `${9 - run.rule.priority}#${run.createdAt}#${run.id}` });

const ownedBy = (run: Run) => ({ runId: run.id });

const shardOf = (runId: string): string => shards[(runId.codePointAt(0) ?? 0) % shards.length] ?? shards[0];
