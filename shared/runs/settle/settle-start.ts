import { probeSucceeded } from '../capacity/account-hold.ts';
import { wakeHolders } from '../capacity/wake-slot-holders.ts';
import { readRun } from '../run/move-run.ts';
import type { NextState, Run, Starting, Uncertain } from '../run/run.ts';
import { agentRunKey } from '../run/run-items.ts';
import { slotFields } from '../run/state-fields.ts';
import { confirmStart } from '../start/confirm-start.ts';
import { agentRunFromEvents, saysNo } from '../start/find-reported-agent-run.ts';
import { moveStart, neverBegan } from '../start/move-start.ts';
import type { SettleDeps } from './deps.ts';

/** Clocks differ; an agent run that began this long before our start may still be ours. */
const clockSkewSeconds = 60;
const nextLookSeconds = 300;

/**
 * Heals a start whose answer we don't have. Its own webhook says for certain; without one, the agent's run list says
 * that nothing began. What the list shows is never adopted: it may be a stranger's.
 */
export async function settleStart(deps: SettleDeps, run: Starting | Uncertain): Promise<Run | 'settled'> {
  const { settleQueue } = deps;
  const agentRunId = await agentRunFromEvents(deps, run);
  if (agentRunId !== undefined) {
    await confirmStart(deps, run, agentRunId);
    // It was taken after all, so the account may start others too.
    if ((await probeSucceeded(deps, run.id)) && settleQueue !== undefined) await wakeHolders({ ...deps, settleQueue });
    return again(deps, run);
  }
  if (deps.clock() < Date.parse(run.checkAfter)) return 'settled';
  const next = await resolve(deps, run);
  const moved = await moveStart(deps, run, next);
  if (moved.outcome !== 'moved') return again(deps, run);
  const { status } = moved.run;
  if (status === 'failed') deps.log.error('start.unanswered-for-good', { runId: run.id, agentId: run.rule.agentId });
  return status === 'uncertain' && run.status === 'uncertain' ? 'settled' : moved.run;
}

type Resolved = (run: Starting | Uncertain) => NextState;

async function resolve(deps: SettleDeps, run: Starting | Uncertain): Promise<Resolved> {
  if (run.status === 'starting') return uncertain('its worker stopped while it was being started', waitOver(deps, run));
  const doubt = await doubtAbout(deps, run);
  if (doubt === undefined) return neverBegan;
  deps.log.warn('start.unresolved', { runId: run.id, doubt });
  const deadlineSeconds = run.rule.deadlineSeconds ?? deps.runDeadlineSeconds;
  if (deps.clock() < Date.parse(run.startedAt) + deadlineSeconds * 1000)
    return uncertain(`${doubt}; it waits for a report of its own`, deps.clock() + nextLookSeconds * 1000);
  return () => ({
    status: 'failed',
    failure: 'unanswered',
    reason: `its start at ${run.startedAt} was never answered and nothing reported to us, but ${doubt}. A person must look whether a run there edited this upload; if not, try it again and say that it never began.`,
  });
}

/** Why the start may have begun a run all the same; undefined when it surely did not. */
async function doubtAbout(deps: SettleDeps, run: Uncertain): Promise<string | undefined> {
  const { agentId } = run.rule;
  try {
    const unknown = await unknownAgentRuns(deps, run);
    if (unknown.length === 0) return undefined;
    return `agent ${agentId} has a run that we don't know (${unknown.slice(0, 3).join(', ')})`;
  } catch (error) {
    if (!saysNo(error)) throw error;
    return `the runs of agent ${agentId} are not shown to us (${error.message})`;
  }
}

const uncertain =
  (reason: string, checkAt: number): Resolved =>
  (run) => ({
    status: 'uncertain',
    ...slotFields(run),
    starts: run.starts,
    reason,
    checkAfter: new Date(checkAt).toISOString(),
  });

/** Its call was over by the time at which it was to be looked at, and may have been taken until then. */
const waitOver = ({ uncertainWaitSeconds }: SettleDeps, { checkAfter }: Starting): number =>
  Date.parse(checkAfter) + uncertainWaitSeconds * 1000;

/** Runs of this agent, begun since our start, that no run of ours has for its own. */
async function unknownAgentRuns({ mosaic, runs }: SettleDeps, run: Uncertain): Promise<readonly string[]> {
  const from = new Date(Date.parse(run.startedAt) - clockSkewSeconds * 1000);
  const unknown: string[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await mosaic.listAgentRuns(run.rule.agentId, { from, limit: 100, cursor });
    for (const { agentRunId, startedAt } of page.runs) {
      if (startedAt !== undefined && Date.parse(startedAt) < from.getTime()) continue;
      if ((await runs.get(agentRunKey(agentRunId))) === undefined) unknown.push(agentRunId);
    }
    cursor = page.next;
  }
  return unknown;
}

const again = async ({ runs }: SettleDeps, { id }: Run): Promise<Run | 'settled'> =>
  (await readRun(runs, id)) ?? 'settled';
