import { isoAfter } from '../../platform/iso-time.ts';
import type { Item, Write } from '../../platform/ports.ts';
import { isInForce, probeWrite, readHold } from '../capacity/account-hold.ts';
import { allowedSlots } from '../capacity/concurrency-limit.ts';
import { countStart } from '../capacity/quotas.ts';
import { freeRuleSlot, freeSlot } from '../capacity/slots.ts';
import { wakeStartWaiting } from '../run/messages.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import type { Limits } from '../run/rule.ts';
import type { Starting, Waiting } from '../run/run.ts';
import { agentLockKey } from '../run/run-items.ts';
import type { StartDeps } from './deps.ts';

/** `full`: nothing more can start now. `rule-full`, `agent-busy`: nothing more of this rule, or of this agent. */
type Full = 'full' | 'rule-full' | 'agent-busy';
export type Outcome = 'done' | Full;

export interface Room {
  readonly slot: number;
  readonly ruleSlot?: number;
  /** The probe of a hold, and the counters of the hour and the day. */
  readonly alongside: readonly Write[];
  /** For which it is counted. */
  readonly hour: string;
}

/** Where a run may start now, or why it may not; a run that never may is ended here. */
export async function roomFor(deps: StartDeps, limits: Limits, run: Waiting): Promise<Room | Outcome> {
  if (run.cancelAsked !== undefined) {
    await moveRun(deps, run, { status: 'cancelled', reason: run.cancelAsked.reason });
    return 'done';
  }
  const hold = await readHold(deps);
  if (hold !== undefined && isInForce(deps, hold)) return 'full';
  const lock = await deps.runs.get(agentLockKey(run.rule.agentId));
  if (lock !== undefined) return agentBusy(deps, lock);
  const slot = await freeSlot(deps.runs, await allowedSlots(deps));
  if (slot === undefined) return 'full';
  const { id, slots } = run.rule;
  const ruleSlot = slots === undefined ? undefined : await freeRuleSlot(deps.runs, id, slots);
  if (slots !== undefined && ruleSlot === undefined) return 'rule-full';
  const hour = hourAt(deps.clock());
  const counted = await countStart(deps, limits, run);
  if (counted.outcome === 'too-costly') {
    await moveRun(deps, run, { status: 'failed', failure: 'too-costly', reason: counted.reason });
    return 'done';
  }
  if (counted.outcome !== 'counted') return counted.outcome;
  const probe = hold === undefined ? [] : [probeWrite(deps, hold, run.id)];
  return { slot, ...(ruleSlot === undefined ? {} : { ruleSlot }), alongside: [...probe, ...counted.writes], hour };
}

/** Slots, agent's lock, counters and move are one write. Ambiguous starts are one at a time per agent because the lock is. */
export async function takeSlot(
  deps: StartDeps,
  limits: Limits,
  run: Waiting,
  found: Room,
  linkExpiresAt: string | undefined,
): Promise<Starting | Outcome> {
  for (let room: Room | Outcome = found; ; room = await roomFor(deps, limits, run)) {
    if (typeof room === 'string') return room;
    const { alongside, hour, ...slots } = room;
    const startedAt = new Date(deps.clock()).toISOString();
    // Signing a link took until the next hour, or day, which counts it instead.
    if (hour !== hourAt(deps.clock())) continue;
    const checkAfter = isoAfter(deps.clock(), startSeconds(deps));
    const { refusal } = run;
    const starting = { status: 'starting', ...slots, startedAt, checkAfter, starts: run.starts + 1, refusal } as const;
    const moved = await moveRun(deps, run, { ...starting, ...(linkExpiresAt && { linkExpiresAt }) }, alongside);
    if (moved.outcome === 'moved') return moved.run;
    if (moved.outcome === 'changed') return 'done';
    const lock = moved.outcome === 'taken' ? moved.by.find(isAgentLock) : undefined;
    if (lock !== undefined) return agentBusy(deps, lock);
  }
}

const hourAt = (time: number): string => new Date(time).toISOString().slice(0, 13);

const isAgentLock = ({ type }: Item): boolean => type === 'agent-lock';

/** The longest that one start call takes, repeats included; a shorter wait suits an API that honours our key. */
const startSeconds = ({ uncertainWaitSeconds }: StartDeps): number => Math.min(240, uncertainWaitSeconds);

/** A start under way is over soon; an uncertain one wakes us itself when it is resolved. */
async function agentBusy({ runs, startQueue }: StartDeps, lock: Item): Promise<'agent-busy'> {
  const holder = await readRun(runs, String(lock.runId));
  if (holder?.status === 'starting') await wakeStartWaiting(startQueue, 5);
  return 'agent-busy';
}
