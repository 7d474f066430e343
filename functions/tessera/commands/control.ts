import { Missing } from '../../../shared/errors.ts';
import { pause, readPauses, unpause } from '../../../shared/runs/capacity/pause.ts';
import { askResume } from '../../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../../shared/runs/operate/retry-run.ts';
import { askCancel, type CancelAnswer } from '../../../shared/runs/run/cancel-run.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';
import { plainText } from '../../local/shown-path.ts';
import { inLocalTimes, localTime } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import { readObstacles } from '../queries/blockers.ts';
import { operatorNextStep } from '../queries/operator-next-step.ts';
import { unknownRule } from '../world/rule-ids.ts';
import type { World } from '../world/world.ts';

export async function pauseStarts(
  world: World,
  { rule: ruleId, reason = 'paused by command' }: { readonly rule?: string; readonly reason?: string },
): Promise<Outcome> {
  if (ruleId !== undefined) await assertRule(world, ruleId);
  const before = await readPauses(world);
  await pause(world, { ruleId, reason });
  const what = ruleId === undefined ? 'Nothing' : `Nothing of the rule ${ruleId}`;
  const again = ruleId === undefined ? 'tessera resume' : `tessera resume --rule ${ruleId}`;
  const already = ruleId === undefined ? before.all : before.rules.get(ruleId);
  if (already !== undefined)
    return {
      lines: [`Paused already, since ${localTime(already.at)} (${plainText(already.reason)}). To go on: ${again}`],
      json: { paused: ruleId ?? 'all', reason: already.reason, since: already.at },
    };
  return {
    lines: [`Paused. ${what} is started until ${again}; uploads are taken and wait, what is under way goes on.`],
    json: { paused: ruleId ?? 'all', reason },
  };
}

/** Without a run: the pause ends, the account's hold too, and what waits is started. */
export async function resume(
  world: World,
  runId: string | undefined,
  { rule: ruleId }: { readonly rule?: string },
): Promise<Outcome> {
  if (runId !== undefined) {
    await askResume(world, runId);
    return { lines: [await nowThat(world, runId)], json: { resumed: runId }, note: world.idleBecause() };
  }
  const before = await readPauses(world);
  // A rule that is gone may still be paused.
  if (ruleId !== undefined && !before.rules.has(ruleId)) await assertRule(world, ruleId);
  await unpause(world, ruleId);
  if (ruleId === undefined) await askResume(world);
  const left = ruleId === undefined ? [...before.rules.keys()] : [];
  const wasPaused = ruleId === undefined ? before.all !== undefined : before.rules.has(ruleId);
  const still = before.all !== undefined && ruleId !== undefined ? ' Everything is still paused: tessera resume.' : '';
  return {
    lines: [
      wasPaused
        ? `Resumed: what waits is started.${still}`
        : `It was not paused; what waits is looked at again.${still}`,
      ...left.map((id) => `The rule ${id} is still paused: tessera resume --rule ${id}.`),
    ],
    json: { resumed: ruleId ?? 'all', wasPaused, stillPaused: left },
    note: world.idleBecause(),
  };
}

/** One that waits may still be kept from its start by what keeps others too. */
async function nowThat(world: World, runId: string): Promise<string> {
  const run = await readRun(world.runs, runId);
  const next = run?.status === 'waiting' ? operatorNextStep(run, await readObstacles(world, run)) : undefined;
  return next === undefined ? 'It goes on as soon as it can.' : inLocalTimes(plainText(next));
}

export async function cancel(
  world: World,
  runId: string,
  { reason = 'cancelled by command' }: { readonly reason?: string },
): Promise<Outcome> {
  const answer = await askCancel(world, runId, reason);
  const outcome = { lines: [cancelWords[answer]], json: { runId, answer } };
  if (answer === 'ended') return { ...outcome, lines: [], faults: [cancelWords.ended] };
  return { ...outcome, note: answer === 'asked' ? world.idleBecause() : undefined };
}

const cancelWords: Record<CancelAnswer, string> = {
  cancelled: 'Cancelled; no agent run was under way.',
  asked: 'Its agent run is being cancelled; the run ends when the API says so.',
  ended: 'It has ended already, so there is nothing to cancel. tessera show says how.',
};

export async function retry(
  world: World,
  runId: string,
  { neverBegan }: { readonly neverBegan?: boolean },
): Promise<Outcome> {
  const next = await retryRun(world, runId, { neverBegan });
  return {
    lines: [`Attempt ${next.attempt} is run ${next.id}.`],
    json: { runId: next.id, attempt: next.attempt, previousRunId: runId },
    note: world.idleBecause(),
  };
}

async function assertRule(world: World, ruleId: string): Promise<void> {
  const unknown = unknownRule(await world.rules(), ruleId);
  if (unknown !== undefined) throw new Missing(unknown);
}
