// Loaded beforehand: loading takes turns of the event loop, and virtual time has none to give.
import 'mediabunny';
import type { Run, RunStatus } from '../../shared/runs/run/run.ts';
import type { FaultKind } from './faults.ts';
import { finalChecks, nothingLeftToDo } from './final-checks.ts';
import { recordsGone } from './final-records.ts';
import { startMs, type Violation } from './world/ground.ts';
import { type World, worldOf } from './world/world.ts';

export interface SeedOutcome {
  readonly seed: number;
  readonly steps: number;
  readonly hours: number;
  /** The same for the same seed, always. */
  readonly hash: string;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly endings: ReadonlyMap<string, number>;
  readonly agentRuns: number;
  readonly violation?: Violation;
  readonly trace: readonly string[];
}

const hourMs = 3600_000;
/** Reports, deadlines and giving up are over by then: after the week in which outputs can be fetched. */
const quietWithinMs = 12 * 24 * hourMs;

/**
 * Lives through one seed: its uploads, its faults, the quiet after them; then looks whether every promise was kept.
 *
 * That it can fail is shown by planting a fault by hand and running seeds until one is caught. For example:
 * - claim-run.ts: put the claim without `if: 'absent'`                        → two paid runs, within a few seeds
 * - move-run.ts: write the run with `if: {}` instead of its revision          → a write that does not count, a few seeds
 * - move-run.ts: leave slots out of what a move gives back                    → a slot kept, a few seeds
 * - waiting-queue.ts: turn the order of the lines round                       → started out of order, tens of seeds
 * - reconcile-runs.ts: do not wake the start of waiting runs                  → a run waits for ever, tens of seeds
 * - settle-start.ts: take an uncertain start for one that never began         → two paid runs, hundreds of seeds
 * - settle-start.ts, handle-refusal.ts: look at the run list too early         → two paid runs, about a thousand seeds
 * - deliver-run.ts: end the run while outputs are missing                     → a manifest too early, a few seeds
 * - copy-small.ts: do not compare with the source's checksum              → spoilt bytes seen, a few seeds
 * - source.ts: take any version of the source, at any time           → a mixture seen, tens of seeds
 * - track-uploads.ts: note no upload before it begins                         → parts left behind, tens of seeds
 * - reap-uploads.ts: take all uploads whose key begins with ours              → another's thrown away, tens of seeds
 * - move-run.ts: write no outbox with a move                                  → an end that is not told, every seed
 * - notify-run.ts: delete the outbox before it is told of                     → an end that is not told, a few seeds
 * - sign.ts: sign with the newest secret only                                 → a wrong signature, a few seeds
 */
export async function simulateSeed(seed: number, options: { keepTrace?: boolean } = {}): Promise<SeedOutcome> {
  const world = worldOf(seed, options.keepTrace);
  // Jitter asks Math.random; here it must be the same for the same seed. One seed lives at a time.
  Math.random = world.ground.random.fork().next;
  const { ground, api } = world;
  const { scheduler, violation } = ground;
  world.begin();
  await scheduler.run(startMs + ground.workload.faultsForMs);
  await becomeQuiet(world);
  if (violation() === undefined) finalChecks(world);
  if (violation() === undefined && ground.workload.retentionDays !== undefined) await outlive(world);
  return {
    seed,
    steps: scheduler.steps(),
    hours: (ground.clock() - startMs) / hourMs,
    hash: scheduler.trace.hash(),
    faults: ground.faults.counts,
    endings: endingsOf(world.runs()),
    agentRuns: [...api.runs.values()].filter(({ ourRunId }) => ourRunId !== undefined).length,
    violation: violation(),
    trace: scheduler.trace.lines(),
  };
}

/** Faults stop, people put right what is theirs, and everything has the time that it may take. */
async function becomeQuiet({ ground, api, crowd, duty, isQuiet, arePartsLeft }: World): Promise<void> {
  const { scheduler, faults, clock, violation } = ground;
  faults.stop();
  scheduler.note('faults stop');
  const stoppedMs = clock();
  // Whoever is on duty finds the alarms: dead letters are sent once more, the bill is paid.
  duty.redrive();
  duty.lookAfter(startMs + quietWithinMs);
  api.refillCredits();
  crowd.tidyUp();
  await scheduler.run(stoppedMs + 2 * hourMs);
  if (ground.random.chance(0.3)) crowd.redeliverAll();
  // Those that had failed often before may have come there since; from now on none may.
  duty.redrive();
  while (violation() === undefined && clock() < stoppedMs + quietWithinMs && !isQuiet())
    await scheduler.run(clock() + 600_000);
  // A receiver's last tries are hours apart: what they came to may lie there only now.
  duty.redrive('notify-dead');
  // What is still on its way (a webhook that was held up, credits) changes nothing any more.
  if (violation() === undefined) await scheduler.run(Math.max(clock() + hourMs, stoppedMs + 13 * hourMs));
  // Parts that a crash left behind are thrown away when nobody can be at them any more.
  while (violation() === undefined && clock() < stoppedMs + quietWithinMs && arePartsLeft())
    await scheduler.run(clock() + 6 * hourMs);
}

/** Long after: what is known of the runs has gone, and what S3 tells once more is paid for no second time. */
async function outlive(world: World): Promise<void> {
  const { ground, api, stores, landed } = world;
  const { scheduler, clock, workload, random } = ground;
  await scheduler.run(clock() + ((workload.retentionDays ?? 0) + 3) * 24 * hourMs);
  stores.table.expire(clock());
  recordsGone(world);
  const paidBefore = api.runs.size;
  for (const version of landed) if (random.chance(0.5)) world.announceAgain(version);
  await scheduler.run(clock() + 6 * hourMs);
  if (api.runs.size > paidBefore) ground.violated('nothing is paid for twice, however late', `${api.runs.size} runs`);
  nothingLeftToDo(world);
}

function endingOf(run: Run): RunStatus | string {
  if (run.status === 'failed') return `failed: ${run.failure}`;
  return run.status === 'delivered' && run.failedOutputs !== undefined ? 'delivered in part' : run.status;
}

function endingsOf(runs: readonly Run[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const run of runs) {
    const name = endingOf(run);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
