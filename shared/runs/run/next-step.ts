import type { FailureClass } from './failure-classes.ts';
import type { Run } from './run.ts';

/**
 * What a person can do about a run that has ended or waits for credits; undefined if nothing is wrong. Events carry this
 * text, and the command shows the same.
 */
export function nextStepFor(run: Run): string | undefined {
  switch (run.status) {
    case 'failed':
      if (run.nextRunId !== undefined) return retriedAs(run.nextRunId);
      return run.undelivered === undefined ? afterFailure[run.failure](run.id) : redeliver(run.id);
    case 'cancelled':
      return run.nextRunId === undefined ? `To start it again: ${retry(run.id)}` : retriedAs(run.nextRunId);
    case 'rejected':
      if (run.nextRunId !== undefined) return retriedAs(run.nextRunId);
      return `Fix the file and upload it again. If the cause was something else (its sidecar, its group, the budget), fix that, then: ${retry(run.id)}`;
    case 'waiting':
      return 'Add credits to the account. The run then continues by itself, or at once with: tessera resume';
    case 'paused':
      return `Add credits to the account. The run then continues by itself, or at once with: tessera resume ${run.id}`;
    case 'delivered':
      if (run.nextRunId !== undefined) return undefined;
      if (run.undelivered !== undefined) return redeliver(run.id);
      return run.partial ? `To retry, which costs again: ${retry(run.id)}` : undefined;
    default:
      return undefined;
  }
}

const retriedAs = (nextRunId: string) => `It is retried as another run: tessera show ${nextRunId}`;

const redeliver = (id: string) =>
  `The agent's outputs still exist. To copy the missing ones at no cost: tessera redrive ${id}. For a new edit, which costs again: ${retry(id)}`;

const retry = (id: string) => `tessera retry ${id}`;

const afterFailure: Record<FailureClass, (id: string) => string> = {
  'agent-failed': (id) =>
    `Read what the agent reported about its nodes (tessera show ${id}). To retry, which costs again: ${retry(id)}`,
  'input-expired': (id) => `The agent read its input too late. To retry with a new link: ${retry(id)}`,
  'input-gone': () => 'The input was deleted or replaced. Upload it again.',
  refused: (id) => `Fix what the API refused, most often the agent or its parameters, then: ${retry(id)}`,
  unanswered: (id) => `Check in the API whether it ran. Only if it never started: ${retry(id)} --never-began`,
  deadline: (id) => `It took longer than the rule allows. Raise deadlineMinutes, then: ${retry(id)}`,
  'agent-run-gone': (id) => `The API no longer knows the agent run. Check that it is gone, then: ${retry(id)}`,
  'no-output': (id) => `The agent ended without an output. Check its last node, then: ${retry(id)}`,
  delivery: (id) => `Fix the delivery error first, or it will fail again. Then, which costs again: ${retry(id)}`,
  'too-costly': (id) => `Its estimate exceeds the daily budget. Raise the budget, then: ${retry(id)}`,
  'out-of-credits': (id) => `Add credits to the account, then: ${retry(id)}`,
};
