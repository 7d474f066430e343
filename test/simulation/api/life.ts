import { MosaicError } from '../../../shared/mosaic/errors.ts';
import type { AgentRun, Ending, SimulatedOutput } from './agent-run.ts';
import type { ApiWorld } from './api-world.ts';

interface Account {
  readonly runs: ReadonlyMap<string, AgentRun>;
  readonly hasCredits: () => boolean;
}

/** What an agent run does by itself: it reads its input, tells how it goes, and ends one way or another. */
export function lifeOf({ scheduler, random, faults, uploads, send }: ApiWorld, account: Account) {
  const later = (run: AgentRun, delayMs: number, step: () => void) => {
    const { turn } = run;
    scheduler.after(delayMs, () => {
      if (run.turn === turn && run.status === 'running') step();
    });
  };

  function end(run: AgentRun, change: Partial<AgentRun>): void {
    Object.assign(run, { endedMs: scheduler.now() }, change);
    run.turn += 1;
    scheduler.note(`agent run ${run.id} ends ${run.status}${run.needsCredits ? ', needing credits' : ''}`);
    // Whether one that was cancelled reports it is said nowhere.
    if (run.status !== 'cancelled' || random.chance(0.5)) send(run, 'RUN_FINISHED');
  }

  function readInput(run: AgentRun): void {
    const { videoUrls = [], videoInputs = [] } = run.request;
    for (const link of [...videoUrls, ...videoInputs.flatMap((input) => input.videoUrls ?? [])]) {
      const found = uploads.open(link);
      if (found !== 403 && found !== 404) continue;
      faults.count(found === 403 ? 'input-link-expired' : 'input-gone');
      // A server that is careless with links.
      const statusMessage = `The input ${link} could not be downloaded: HTTP ${found}${found === 403 ? ' (the link has expired)' : ''}.`;
      end(run, { status: 'failed', statusMessage });
      return;
    }
  }

  function finish(run: AgentRun): void {
    const { status, outputs } = run.ending;
    if (status === 'hangs') return;
    const statusMessage = status === 'failed' ? 'The agent did not manage.' : undefined;
    if (account.hasCredits()) end(run, { status, outputs, statusMessage, progress: 1 });
    else block(run);
  }

  /** Without credits it stands still: still called running, or failed, or partly done. */
  function block(run: AgentRun): void {
    faults.count('run-out-of-credits');
    run.needsCredits = true;
    const outputs = run.ending.outputs.slice(0, 1);
    const status = random.pick(['running', 'failed', 'failed', 'partial_complete'] as const);
    if (status === 'running') send(run, 'RUN_PROGRESS');
    else end(run, { status, outputs: status === 'failed' ? [] : outputs });
  }

  function goOn(run: AgentRun): void {
    const wasOver = run.status !== 'running';
    Object.assign(run, { status: 'running', needsCredits: false, endedMs: undefined, turn: run.turn + 1 });
    if (wasOver && random.chance(0.5)) send(run, 'RUN_STARTED');
    later(run, run.ending.afterMs, () => finish(run));
  }

  return {
    endingOf(newOutput: () => SimulatedOutput, isOurs: boolean): Ending {
      const outputs = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, newOutput);
      const afterMs = random.pick([30_000, 300_000, 1_800_000]) * (0.5 + random.next());
      // Nobody here could end another's.
      if (isOurs && faults.happens('run-hangs')) return { status: 'hangs', outputs, afterMs };
      if (faults.happens('run-failed')) return { status: 'failed', outputs: [], afterMs };
      if (faults.happens('run-cancelled-itself')) return { status: 'cancelled', outputs: [], afterMs };
      if (faults.happens('run-no-output')) return { status: 'completed', outputs: [], afterMs };
      if (faults.happens('run-partial')) return { status: 'partial_complete', outputs, afterMs };
      return { status: 'completed', outputs, afterMs };
    },
    begin(run: AgentRun): void {
      if (faults.happens('start-before-answer')) send(run, 'RUN_STARTED');
      else later(run, random.below(5_000), () => send(run, 'RUN_STARTED'));
      const readsLate = run.ourRunId !== undefined && faults.happens('input-link-expired');
      // Late is after any link that we may have handed out; soon is what an API does.
      later(run, readsLate ? random.between(3_500_000, 7_200_000) : random.below(60_000), () => readInput(run));
      const finishMs = readsLate ? 7_300_000 : run.ending.afterMs;
      later(run, finishMs / 2, () => {
        run.progress = random.next();
        send(run, 'RUN_PROGRESS');
      });
      later(run, finishMs, () => finish(run));
    },
    cancel(run: AgentRun): void {
      if (run.status === 'running') end(run, { status: 'cancelled', needsCredits: false });
    },
    resume(run: AgentRun): void {
      if (run.status !== 'failed' && run.status !== 'cancelled')
        throw new MosaicError(`A run that is ${run.status} is not resumed.`, { kind: 'conflict', status: 409 });
      goOn(run);
    },
    creditsReturned(): void {
      for (const run of account.runs.values()) if (run.status === 'running' && run.needsCredits) goOn(run);
    },
  };
}
