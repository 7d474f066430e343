import { PermanentError } from '../../shared/errors.ts';
import { pause, unpause } from '../../shared/runs/capacity/pause.ts';
import { type BackfillDeps, backfill } from '../../shared/runs/operate/backfill.ts';
import { redeliverRun } from '../../shared/runs/operate/redeliver-run.ts';
import { askResume } from '../../shared/runs/operate/resume-run.ts';
import { retryRun } from '../../shared/runs/operate/retry-run.ts';
import { applyRules } from '../../shared/runs/rules/apply-rules.ts';
import { askCancel } from '../../shared/runs/run/cancel-run.ts';
import type { ControlDeps } from '../../shared/runs/run/deps.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import type { AgentRun } from './api/agent-run.ts';
import type { FaultKind, Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Worker, Workshop } from './worker.ts';
import type { Workload } from './workload.ts';

interface Streets {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly shop: Workshop;
  readonly workload: Workload;
  readonly depsOf: (worker: Worker) => ControlDeps & BackfillDeps;
  readonly runs: () => readonly Run[];
  readonly agentRuns: () => Iterable<AgentRun>;
}

type Command = (deps: ControlDeps & BackfillDeps) => Promise<unknown>;

/** The people who use the pipeline: they cancel, pause, change their minds, and say the same thing twice. */
export function people({ scheduler, random, faults, shop, workload, depsOf, runs, agentRuns }: Streets) {
  function say(kind: FaultKind, command: Command): void {
    faults.count(kind);
    const words = () =>
      shop.invoke(
        kind,
        60_000,
        (worker) =>
          command(depsOf(worker)).catch((error: unknown) => {
            // What cannot be done now is an answer.
            if (!(error instanceof PermanentError)) throw error;
          }),
        () => {},
        () => {},
      );
    words();
    if (random.chance(0.1)) scheduler.after(random.below(2_000), words);
  }

  const ruleIds = workload.rules.rules.map(({ id }) => id);

  function meddle(): void {
    const run = runs().length === 0 ? undefined : random.pick(runs());
    switch (random.below(9)) {
      case 0:
      case 1:
        if (run !== undefined) say('command-cancel', (deps) => askCancel(deps, run.id, 'somebody wished it'));
        break;
      case 2:
        if (run !== undefined)
          say('command-resume', (deps) => askResume(deps, random.chance(0.5) ? run.id : undefined));
        break;
      case 3:
      case 4: {
        const ended = runs().filter(mayBeRetried);
        if (ended.length === 0) return;
        const { id } = random.pick(ended);
        say('command-retry', (deps) => retryRun(deps, id, { neverBegan: ![...agentRuns()].some(isOf(id)) }));
        break;
      }
      case 5: {
        const lacking = runs().filter(isLacking);
        if (lacking.length === 0) return;
        const { id } = random.pick(lacking);
        say('command-redeliver', (deps) => redeliverRun(deps, id));
        break;
      }
      case 6:
        pauseForAWhile(random.chance(0.5) ? undefined : random.pick(ruleIds));
        break;
      case 7:
        say('command-backfill', (deps) => backfill(deps, { prefix: random.pick(['', 'a/']), again: true }));
        break;
      default:
        if (workload.rulesChange) say('command-rules', (deps) => applyRules(deps, changedRules()));
    }
  }

  function pauseForAWhile(ruleId: string | undefined): void {
    say('command-pause', (deps) => pause(deps, { ruleId, reason: 'somebody wished it' }));
    scheduler.after(random.below(7200_000), () => say('command-pause', (deps) => unpause(deps, ruleId)));
  }

  const changedRules = (): string => {
    const [first, ...others] = (workload.document as { rules: object[] }).rules;
    return JSON.stringify({ ...workload.document, rules: [{ ...first, priority: random.below(10) }, ...others] });
  };

  return {
    begin(): void {
      for (let count = 0; count < workload.commands; count += 1)
        scheduler.after(random.below(workload.faultsForMs), meddle);
    },
    /** Once all is well again, nothing stays paused. */
    tidyUp(): void {
      for (const ruleId of [undefined, ...ruleIds]) say('command-pause', (deps) => unpause(deps, ruleId));
    },
    /** What could not be delivered may be there again by now. */
    redeliverAll(): void {
      for (const { id } of runs().filter(isLacking)) say('command-redeliver', (deps) => redeliverRun(deps, id));
    },
    resumeAll: () => say('command-resume', (deps) => askResume(deps)),
  };
}

const isLacking = (run: Run): boolean => 'undelivered' in run && run.nextRunId === undefined;

const mayBeRetried = (run: Run): boolean =>
  run.status === 'failed' || run.status === 'cancelled' || (run.status === 'delivered' && run.partial);

const isOf =
  (runId: string) =>
  ({ ourRunId }: AgentRun): boolean =>
    ourRunId === runId;
