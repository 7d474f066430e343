import { Denied } from '../../errors.ts';
import { isoAfter } from '../../platform/iso-time.ts';
import { isInForce, readHold } from '../capacity/account-hold.ts';
import { allowedSlots } from '../capacity/concurrency-limit.ts';
import { pausedBecause, readPauses } from '../capacity/pause.ts';
import { freeSlot } from '../capacity/slots.ts';
import { wakeStartWaiting } from '../run/messages.ts';
import { moveRun, readRun } from '../run/move-run.ts';
import { truncateText } from '../run/redact.ts';
import type { Limits } from '../run/rule.ts';
import type { Run, Waiting } from '../run/run.ts';
import { sameState } from '../run/state-fields.ts';
import type { StartDeps } from './deps.ts';
import { joinLines } from './enqueue-due.ts';
import { openInput } from './sign-inputs.ts';
import { startAgentRun } from './start-agent-run.ts';
import { type Outcome, roomFor, takeSlot } from './take-slot.ts';
import { firstOf, type WaitingLine, waitingLines } from './waiting-queue.ts';

/** After this long the rest is left to the next worker, so that none is stopped in the middle of a paid call. */
const shiftSeconds = 20;
/** How soon a run is tried again whose start could not even be sent. */
const notMadeSeconds = 60;

/**
 * Starts waiting runs in order, as far as slots, agents, caps and the account allow. Anybody may call it at any time.
 * It reads one item for each line, and a few for each start; those that wait behind cost nothing.
 */
export async function startWaiting(deps: StartDeps): Promise<void> {
  const shiftEnds = deps.clock() + shiftSeconds * 1000;
  if (await joinLines(deps)) await wakeStartWaiting(deps.startQueue);
  if (await nothingMayStart(deps)) return;
  const limits = (await deps.rules?.()) ?? {};
  let lines = await unpaused(deps, await waitingLines(deps.runs));
  const failures: unknown[] = [];
  const busyAgents = new Set<unknown>();
  for (let line = firstOf(lines); line !== undefined; line = firstOf(lines)) {
    if (deps.clock() >= shiftEnds) {
      await wakeStartWaiting(deps.startQueue);
      break;
    }
    const { runId, ruleId, agentId } = line.head;
    const outcome = await startOrDefer(deps, limits, String(runId), failures);
    if (outcome === 'full') break;
    if (outcome === 'agent-busy') busyAgents.add(agentId);
    if (outcome === 'rule-full') lines = lines.filter(({ head }) => head.ruleId !== ruleId);
    if (outcome === 'done' && !(await line.advance())) lines = lines.filter((each) => each !== line);
    // A pause holds from its word on, also in the middle of a shift.
    lines = await unpaused(
      deps,
      lines.filter(({ head }) => !busyAgents.has(head.agentId)),
    );
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Some waiting runs could not be started.');
}

async function unpaused(deps: StartDeps, lines: readonly WaitingLine[]): Promise<WaitingLine[]> {
  if (lines.length === 0) return [];
  const pauses = await readPauses(deps);
  return lines.filter(({ head }) => pausedBecause(pauses, ruleOf(head)) === undefined);
}

const ruleOf = ({ ruleId, agentId }: WaitingLine['head']) => ({ id: String(ruleId), agentId: String(agentId) });

/** Asked first, since most wakes find all slots taken. */
async function nothingMayStart(deps: StartDeps): Promise<boolean> {
  if ((await freeSlot(deps.runs, await allowedSlots(deps))) === undefined) return true;
  const hold = await readHold(deps);
  return hold !== undefined && isInForce(deps, hold);
}

/** One run that cannot be started (its upload denied to us, say) steps aside for a while, and keeps no other waiting. */
async function startOrDefer(deps: StartDeps, limits: Limits, runId: string, failures: unknown[]): Promise<Outcome> {
  try {
    return await startOne(deps, limits, runId);
  } catch (error) {
    deps.log.error('start.not-made', { runId, error });
    // One that cannot even be read is left where it is, for a version that can.
    const run = await readRun(deps.runs, runId).catch(() => undefined);
    const refusal = error instanceof Denied ? sayDenied(deps, run, error) : undefined;
    const notBefore = isoAfter(deps.clock(), notMadeSeconds);
    const deferred =
      run?.status === 'waiting' && (await moveRun(deps, run, { ...sameState(run), notBefore, ...refusal }));
    if (deferred && deferred.outcome === 'moved') await wakeStartWaiting(deps.startQueue, notMadeSeconds);
    else failures.push(error);
    return 'done';
  }
}

/** Rings at the first try; the next ones find that it lasts. */
function sayDenied({ clock, log }: StartDeps, run: Run | undefined, error: Denied): Pick<Waiting, 'refusal'> {
  const lasts = run?.status === 'waiting' && run.refusal?.kind === deniedKind;
  log[lasts ? 'warn' : 'error']('upload.denied', { runId: run?.id, key: run?.upload.key, error });
  return {
    refusal: { kind: deniedKind, message: truncateText(error.message, 300), at: new Date(clock()).toISOString() },
  };
}

const deniedKind = 'denied';

async function startOne(deps: StartDeps, limits: Limits, runId: string): Promise<Outcome> {
  const run = await readRun(deps.runs, runId);
  if (run?.status !== 'waiting') return 'done';
  // Everything that may fail before the start comes before the slot is taken.
  const room = await roomFor(deps, limits, run);
  if (typeof room === 'string') return room;
  const input = await openInput(deps, run);
  if ('gone' in input) {
    const reason = `while the upload waited for a slot, ${input.gone}`;
    await moveRun(deps, run, { status: 'failed', failure: 'input-gone', reason });
    return 'done';
  }
  const taken = await takeSlot(deps, limits, run, room, input.linkExpiresAt);
  if (typeof taken === 'string') return taken;
  await startAgentRun(deps, taken, input.inputs);
  return 'done';
}
