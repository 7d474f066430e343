import type { RunInputs } from '../../mosaic/mosaic.ts';
import { probeSucceeded } from '../capacity/account-hold.ts';
import { raiseLimit } from '../capacity/concurrency-limit.ts';
import { wakeHolders } from '../capacity/wake-slot-holders.ts';
import { wakeSettle } from '../run/messages.ts';
import type { Starting } from '../run/run.ts';
import { confirmStart } from './confirm-start.ts';
import type { StartDeps } from './deps.ts';
import { agentRunFromEvents } from './find-reported-agent-run.ts';
import { afterRefusal } from './handle-refusal.ts';

/** The paid call. Its outcome is written on the run; a missing answer is never guessed. */
export async function startAgentRun(deps: StartDeps, run: Starting, inputs: RunInputs): Promise<void> {
  // A report may have come after an earlier start was given up: that agent run is paid for already.
  const known = run.starts > 1 ? await agentRunFromEvents(deps, run) : undefined;
  const answer = known === undefined ? await post(deps, run, inputs) : { agentRunId: known };
  if ('error' in answer) return afterRefusal(deps, run, answer.error);
  const confirmed = await confirmStart(deps, run, answer.agentRunId);
  // Somebody wanted to cancel it while it was being started.
  if (confirmed?.cancelAsked !== undefined) await wakeSettle(deps.settleQueue, [run.id]);
  if (known !== undefined) return;
  await raiseLimit(deps);
  if (await probeSucceeded(deps, run.id)) await wakeHolders(deps);
}

async function post(
  { mosaic, callbackUrl }: StartDeps,
  { id, attempt, rule }: Starting,
  inputs: RunInputs,
): Promise<{ agentRunId: string } | { error: unknown }> {
  try {
    return await mosaic.startAgentRun(
      rule.agentId,
      { ...inputs, callbackUrl: `${callbackUrl}/webhook/${id}`, updateParams: rule.updateParams },
      // The same for every start of this attempt: a server that knows the key runs it once.
      { idempotencyKey: `${id}-${attempt}` },
    );
  } catch (error) {
    return { error };
  }
}
