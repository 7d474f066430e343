/**
 * The runs table. Questions first:
 *
 * | question                            | operation             | pk                          | sk                                |
 * |-------------------------------------|-----------------------|-----------------------------|-----------------------------------|
 * | has this upload been claimed?       | put if absent         | UPLOAD#<bucket/key#version> | CLAIM#<rule id>                   |
 * | what is this run? move it on        | get; put if revision  | RUN#<id>                    | RUN                               |
 * | what was reported of it?            | put if absent; query  | RUN#<id>                    | EVENT#<digest>                    |
 * | which moves did it make?            | query                 | RUN#<id>                    | MOVE#<revision>                   |
 * | which outputs are copied?           | put if absent; query  | RUN#<id>                    | OUTPUT#<output id>                |
 * | which runs has this key, in or out? | query                 | KEY#<bucket>/<key>          | <created>#<run id>                |
 * | which other keys lead to this run?  | put; query            | RUN#<id>                    | INPUTS                            |
 * | which runs of this rule are open?   | query                 | RULE#<rule id>              | open#<created>#<run id>           |
 * | and which have ended?               | query                 | RULE#<rule id>              | ended#<created>#<run id>          |
 * | which runs began on this day?       | query the index       | ipk RUNS#<yyyy-mm-dd>       | isk <created>#<run id>            |
 * | which waiting run is next?          | query from line to line | WAITING#<account>         | <9 - priority>#<rule>#<arrival>#<run id> |
 * | which wait for a later time?        | query                 | LATER#<account>             | <not before>#<run id>             |
 * | is a slot free?                     | put if absent; query  | SLOTS#<account>             | SLOT#<number>                     |
 * | is one of the rule's slots free?    | put if absent; query  | RULESLOTS#<rule id>         | SLOT#<number>                     |
 * | is a start of this agent open?      | put if absent         | AGENT#<agent id>            | STARTING                          |
 * | whose is this agent run?            | put if absent; get    | AGENTRUN#<agent run id>     | RUN                               |
 * | may this account start anything?    | put; get              | ACCOUNT#<account>           | HOLD                              |
 * | how many runs does the API allow?   | put; get              | ACCOUNT#<account>           | LIMIT                             |
 * | is the pipeline paused?             | put; get              | CONTROL                     | PAUSE, PAUSE#<rule id>            |
 * | how many began in this hour?        | update if the same    | STARTED#<yyyy-mm-ddThh>     | ALL, RULE#<rule id>               |
 * | how much was spent on this day?     | update if the same    | SPENT#<yyyy-mm-dd>          | ALL                               |
 * | which rules are in force?           | get; query            | RULES                       | CURRENT, VERSION#<number>         |
 * | how far is this back-fill?          | put; get              | BACKFILL                    | <prefix>                          |
 * | which run collects this group?      | put if absent         | GROUP#<rule id>#<text>      | OPEN                              |
 * | which runs wait for this sidecar?   | query                 | AWAITS#<bucket>/<key>       | <run id>                          |
 * | which reports name an unknown run?  | put if absent         | UNKNOWN#<id>                | EVENT#<digest>                    |
 * | which runs went quiet?              | query the index       | ipk OPEN#<shard>            | isk <checkAfter>                  |
 * | where did reconcile stop?           | put; get              | CONTROL                     | RECONCILED#<shard>                |
 * | which events are not sent yet?      | put; query            | OUTBOX#<shard>              | <run id>#<revision>               |
 * | which multipart copies may be open? | put; query            | UPLOADING#<shard>           | <begun>#<run id>#<output id>      |
 * | which run has this result name?     | put if revision; query | NAME#<root>                | NAME, CLIP#<stem>                 |
 * | how are results named here?         | put if absent; get    | CONTROL                     | RESULT-NAMES                      |
 *
 * The items of a run beside its own (its place in the queue, its slot, its agent's lock, its agent run's pointer)
 * follow from its state and are written with it: see `companions`.
 */
import type { Item, Json, Key, Write } from '../../platform/ports.ts';
import { sha256 } from './ids.ts';
import type { Run, Waiting } from './run.ts';
import { isEnded, nextStatuses } from './run.ts';

/** A pipeline has one API key, so one account. */
const account = 'default';

export const shards = ['0', '1', '2', '3'] as const;

export const runKey = (id: string): Key => ({ pk: `RUN#${id}`, sk: 'RUN' });
export const claimKey = (identity: string, ruleId: string): Key => ({
  pk: `UPLOAD#${identity}`,
  sk: `CLAIM#${ruleId}`,
});
export const eventKey = (runId: string, digest: string): Key => ({ pk: `RUN#${runId}`, sk: `EVENT#${digest}` });
export const moveKey = (runId: string, revision: number): Key => ({
  pk: `RUN#${runId}`,
  sk: `MOVE#${String(revision).padStart(6, '0')}`,
});
export const outputKey = (runId: string, outputId: string): Key => ({ pk: `RUN#${runId}`, sk: `OUTPUT#${outputId}` });
/** The keys of a run with several inputs, so that the items that lead to it can expire with its records. */
export const inputsKey = (runId: string): Key => ({ pk: `RUN#${runId}`, sk: 'INPUTS' });
export const agentRunKey = (agentRunId: string): Key => ({ pk: `AGENTRUN#${agentRunId}`, sk: 'RUN' });
export const agentLockKey = (agentId: string): Key => ({ pk: `AGENT#${agentId}`, sk: 'STARTING' });
export const slotKey = (slot: number): Key => ({ pk: `SLOTS#${account}`, sk: `SLOT#${String(slot).padStart(4, '0')}` });
export const ruleSlotKey = (ruleId: string, slot: number): Key => ({
  pk: `RULESLOTS#${ruleId}`,
  sk: `SLOT#${String(slot).padStart(4, '0')}`,
});
export const limitKey: Key = { pk: `ACCOUNT#${account}`, sk: 'LIMIT' };
export const pauseKey = (ruleId?: string): Key => ({
  pk: 'CONTROL',
  sk: ruleId === undefined ? 'PAUSE' : `PAUSE#${ruleId}`,
});
export const resultNamesKey: Key = { pk: 'CONTROL', sk: 'RESULT-NAMES' };
/** Stems that may belong to one run are in one partition: `talk` and `talk-clip-1`, but not `talk-2`. */
export const namePk = (root: string): string => `NAME#${root}`;
export const reconciledKey = (shard: string): Key => ({ pk: 'CONTROL', sk: `RECONCILED#${shard}` });
/** `hour`: yyyy-mm-ddThh, UTC. */
export const startedKey = (hour: string, ruleId?: string): Key => ({
  pk: `STARTED#${hour}`,
  sk: ruleId === undefined ? 'ALL' : `RULE#${ruleId}`,
});
/** `day`: yyyy-mm-dd, UTC. */
export const spentKey = (day: string): Key => ({ pk: `SPENT#${day}`, sk: 'ALL' });
export const currentRulesKey: Key = { pk: 'RULES', sk: 'CURRENT' };
export const rulesVersionKey = (version: number): Key => ({
  pk: 'RULES',
  sk: `VERSION#${String(version).padStart(6, '0')}`,
});
export const backfillKey = (prefix: string): Key => ({ pk: 'BACKFILL', sk: `PREFIX#${prefix}` });
export const groupKey = (group: string): Key => ({ pk: `GROUP#${group}`, sk: 'OPEN' });
export const awaitsPk = (bucket: string, key: string): string => `AWAITS#${bucket}/${key}`;
/** Runs by an object's key: an input's, or a delivered output's. */
export const keyPk = (bucket: string, key: string): string => `KEY#${bucket}/${key}`;
export const rulePk = (ruleId: string): string => `RULE#${ruleId}`;
/** `day`: yyyy-mm-dd, UTC. */
export const dayPk = (day: string): string => `RUNS#${day}`;
export const holdKey: Key = { pk: `ACCOUNT#${account}`, sk: 'HOLD' };
export const waitingPk = `WAITING#${account}`;
/** Runs that may not start before a time; then they are enqueued. */
export const laterPk = `LATER#${account}`;
export const openPk = (shard: string): string => `OPEN#${shard}`;
/** Events to send for a run's moves: written with the move, deleted once sent. */
export const outboxPk = (shard: string): string => `OUTBOX#${shard}`;
export const outboxKey = (runId: string, revision: number): Key => ({
  pk: outboxPk(shardOf(runId)),
  sk: `${runId}#${String(revision).padStart(6, '0')}`,
});
/** Written before a multipart copy begins, so that an upload orphaned by a crash can be found and aborted. */
export const uploadingPk = (shard: string): string => `UPLOADING#${shard}`;

export function runToItem(run: Run): Item {
  // In the index only while reconcile must check the run.
  const watched = 'checkAfter' in run ? { ipk: openPk(shardOf(run.id)), isk: run.checkAfter } : {};
  return { ...(run as unknown as Record<string, Json>), ...runKey(run.id), type: 'run', ...watched };
}

export function runFromItem(item: Item): Run {
  const { pk, sk, type, ipk, isk, ...run } = item;
  if (type !== 'run' || !(String(run.status) in nextStatuses))
    throw new Error(`The item ${pk} / ${sk} is not a run that this version knows.`);
  return run as unknown as Run;
}

/** The writes that create a run with its accompanying items; none of them may exist. */
export function newRunWrites(run: Run): readonly Write[] {
  const { bucket, key } = run.upload;
  const byKey: Item = { pk: keyPk(bucket, key), sk: `${run.createdAt}#${run.id}`, type: 'key', ...ownedBy(run) };
  // A run that is refused at once makes no move that could announce it.
  const told = isEnded(run) ? [outboxItem(run)] : [];
  return [runToItem(run), ...companions(run), byKey, ...told].map((put): Write => ({ put, if: 'absent' }));
}

/** Notify has usually sent the event by then; if not, reconcile wakes it. */
export const toldWithinMs = 120_000;

/** Marks that the event of a run's latest move must be sent; deleted once it is. */
export const outboxItem = (run: Run): Item => ({
  ...outboxKey(run.id, run.revision),
  type: 'outbox',
  ...ownedBy(run),
  revision: run.revision,
  wakeAfter: new Date(Date.parse(run.updatedAt) + toldWithinMs).toISOString(),
});

/** The write that links an ended run to its next run: its end stays as it is, and it gets only one next run. */
export const nextRunWrite = (last: Run, next: Run): Write => ({
  update: runKey(last.id),
  set: { nextRunId: next.id, revision: last.revision + 1, updatedAt: next.createdAt },
  if: { revision: last.revision, nextRunId: null },
});

/** The items that follow from a run's state; each holds the run's id. */
export function companions(run: Run): readonly Item[] {
  const items: Item[] = [listing(run)];
  if (run.status === 'gathering') {
    if (run.group !== undefined) items.push({ ...groupKey(run.group), type: 'group', ...ownedBy(run) });
    if (run.awaits !== undefined)
      items.push({ pk: awaitsPk(run.upload.bucket, run.awaits), sk: run.id, type: 'awaits', ...ownedBy(run) });
  }
  if (run.status === 'waiting') {
    const { id: ruleId, agentId } = run.rule;
    const { createdAt: arrival, notBefore } = run;
    items.push({ ...waitingKey(run), type: 'waiting', ...ownedBy(run), ruleId, agentId, arrival, notBefore });
  }
  if (run.status === 'starting' || run.status === 'uncertain')
    items.push({ ...agentLockKey(run.rule.agentId), type: 'agent-lock', ...ownedBy(run) });
  if ('slot' in run) items.push({ ...slotKey(run.slot), type: 'slot', ...ownedBy(run) });
  if ('ruleSlot' in run && run.ruleSlot !== undefined)
    items.push({ ...ruleSlotKey(run.rule.id, run.ruleSlot), type: 'rule-slot', ...ownedBy(run) });
  if ('agentRunId' in run && run.agentRunId !== undefined)
    items.push({ ...agentRunKey(run.agentRunId), type: 'agent-run', ...ownedBy(run) });
  return items;
}

/** The items by which lists find a run: by rule (open or ended), and by the day on which it began. */
function listing(run: Run): Item {
  const { id, status, createdAt, attempt, upload, rule } = run;
  const place = `${createdAt}#${id}`;
  return {
    pk: rulePk(rule.id),
    sk: `${isEnded(run) ? 'ended' : 'open'}#${place}`,
    ipk: dayPk(createdAt.slice(0, 10)),
    isk: place,
    type: listedType,
    ...ownedBy(run),
    ...{ status, createdAt, attempt, bucket: upload.bucket, key: upload.key, ruleId: rule.id },
  };
}

/** Only for lists, no decision depends on it: it overwrites an existing item. */
export const listedType = 'listed';

/**
 * A run whose start was refused keeps its place in the queue: runs are ordered by arrival. Each rule has a queue for each
 * priority, so that a full rule is skipped however many of its runs wait.
 */
const waitingKey = (run: Waiting): Key =>
  run.notBefore === undefined
    ? { pk: waitingPk, sk: `${waitingLine(run.rule)}${run.createdAt}#${run.id}` }
    : { pk: laterPk, sk: `${run.notBefore}#${run.id}` };

const waitingLine = ({ id, priority }: Run['rule']): string => `${9 - priority}#${lineName(id)}#`;

/** No queue's name is a prefix of another's, and it fits into a sort key. */
const lineName = (ruleId: string): string =>
  Buffer.byteLength(ruleId) > 200 ? sha256(ruleId) : ruleId.replaceAll('%', '%25').replaceAll('#', '%23');

const ownedBy = (run: Run) => ({ runId: run.id });

export const shardOf = (runId: string): string => shards[(runId.codePointAt(0) ?? 0) % shards.length] ?? shards[0];
