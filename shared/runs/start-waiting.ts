import type { Item } from '../platform/ports.ts';
import { readHold } from './account-hold.ts';
import { allItems } from './all-items.ts';
import { wakeStartWaiting } from './messages.ts';
import { moveRun, readRun } from './move-run.ts';
import type { Run, Starting, Waiting } from './run.ts';
import { waitingPk } from './run-items.ts';
import { freeSlot } from './slots.ts';
import { openInput, type StartDeps, startAgentRun } from './start-agent-run.ts';

/** After this long the rest is left to the next worker, so that none is stopped in the middle of a paid call. */
const shiftSeconds = 20;

/** Starts waiting runs in order, as far as slots, agents and the account allow. Anybody may call it at any time. */
export async function startWaiting(deps: StartDeps): Promise<void> {
  const shiftEnds = deps.clock() + shiftSeconds * 1000;
  const busyAgents = new Set<unknown>();
  const failures: unknown[] = [];
  for await (const item of allItems(deps.runs, { pk: waitingPk })) {
    if (busyAgents.has(item.agentId) || isEarly(deps, item)) continue;
    if (deps.clock() >= shiftEnds) {
      await wakeStartWaiting(deps.startQueue);
      break;
    }
    if (await accountHeld(deps)) break;
    // One run that cannot be started (its upload denied to us, say) keeps no other from it.
    const outcome = await startOne(deps, String(item.runId)).catch((error: unknown) => {
      deps.log.error('start.not-made', { runId: item.runId, error });
      failures.push(error);
    });
    if (outcome === 'no-slot') break;
    if (outcome === 'agent-busy') busyAgents.add(item.agentId);
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Some waiting runs could not be started.');
}

const isEarly = ({ clock }: StartDeps, { notBefore }: Item): boolean =>
  notBefore !== undefined && Date.parse(String(notBefore)) > clock();

async function accountHeld(deps: StartDeps): Promise<boolean> {
  const hold = await readHold(deps);
  return hold !== undefined && Date.parse(hold.until) > deps.clock();
}

async function startOne(deps: StartDeps, runId: string): Promise<'done' | 'no-slot' | 'agent-busy'> {
  const run = await readRun(deps.runs, runId);
  if (run?.status !== 'waiting') return 'done';
  if ((await freeSlot(deps.runs, deps.slots)) === undefined) return 'no-slot';
  // Whatever may fail without having started anything comes before the slot is taken.
  const input = await openInput(deps, run);
  if (input === 'gone') return 'done';
  const taken = await takeSlot(deps, run);
  if (typeof taken === 'string') return taken;
  await startAgentRun(deps, taken, input);
  return 'done';
}

/** Slot, agent's lock and move are one write. Ambiguous starts are one at a time per agent because the lock is. */
async function takeSlot(deps: StartDeps, run: Waiting): Promise<Starting | 'done' | 'no-slot' | 'agent-busy'> {
  for (;;) {
    const slot = await freeSlot(deps.runs, deps.slots);
    if (slot === undefined) return 'no-slot';
    const startedAt = new Date(deps.clock()).toISOString();
    const checkAfter = new Date(deps.clock() + startSeconds(deps) * 1000).toISOString();
    const moved = await moveRun(deps, run, { status: 'starting', slot, startedAt, checkAfter, starts: run.starts + 1 });
    if (moved.outcome === 'moved') return moved.run as Starting;
    if (moved.outcome !== 'taken') return 'done';
    const lock = moved.by.find(({ type }) => type === 'agent-lock');
    if (lock !== undefined) {
      await comeBackFor(deps, await readRun(deps.runs, String(lock.runId)));
      return 'agent-busy';
    }
  }
}

/** The longest that one start call takes, repeats included; a shorter wait suits an API that honours our key. */
const startSeconds = ({ uncertainWaitSeconds }: StartDeps): number => Math.min(240, uncertainWaitSeconds);

/** A start under way is over soon; an uncertain one wakes us itself when it is resolved. */
async function comeBackFor({ startQueue }: StartDeps, holder: Run | undefined): Promise<void> {
  if (holder?.status === 'starting') await wakeStartWaiting(startQueue, 5);
}
