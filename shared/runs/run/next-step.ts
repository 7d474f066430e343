import type { FailureClass } from './failure-classes.ts';
import type { Run } from './run.ts';

/** What a person can do about a run that did not go as it should, for who has nothing but the event before them. */
export function nextStepOf(run: Run): string | undefined {
  switch (run.status) {
    case 'failed':
      if (run.nextRunId === undefined && run.undelivered !== undefined) return copyAgain(run.id);
      return run.nextRunId === undefined
        ? afterFailure[run.failure](run.id)
        : `Nothing yet: it is tried again by itself, as run ${run.nextRunId}.`;
    case 'rejected':
      return `Mend the file and upload it again. Where something else was wrong and is mended: tessera retry ${run.id}`;
    case 'waiting':
    case 'paused':
      return 'Add credits to the account. Then it goes on by itself, or at once by: tessera resume';
    case 'delivered':
      if (run.undelivered !== undefined) return copyAgain(run.id);
      return run.partial ? `For another attempt, paid for again: ${retry(run.id)}` : undefined;
    default:
      return undefined;
  }
}

const copyAgain = (id: string) =>
  `What was made is still there: to copy again what is missing, at no price: tessera redrive ${id}`;

const retry = (id: string) => `tessera retry ${id}`;

const afterFailure: Record<FailureClass, (id: string) => string> = {
  'agent-failed': (id) =>
    `Look at what the agent says of its nodes (tessera show ${id}). For another attempt, paid for again: ${retry(id)}`,
  'input-expired': (id) => `The agent read its input too late. For another attempt with a new link: ${retry(id)}`,
  'input-gone': () => 'Its object was deleted or replaced. Upload it again.',
  refused: (id) => `Mend what the API refused, most often the agent or its parameters; then: ${retry(id)}`,
  unanswered: (id) => `Look in the API whether it ran. Only if it never began: ${retry(id)} --never-began`,
  deadline: (id) => `It took longer than the rule allows. Raise deadlineMinutes, then: ${retry(id)}`,
  'agent-run-gone': (id) => `The API no longer knows it. If it is gone there, too: ${retry(id)}`,
  'no-output': (id) => `The agent ended without an output. Look at its last node, then: ${retry(id)}`,
  delivery: (id) => `What hindered its delivery would hinder it again: mend that. Then, paid for again: ${retry(id)}`,
  'too-costly': (id) => `Its estimate is above the budget of a day. Raise the budget, then: ${retry(id)}`,
  'out-of-credits': (id) => `Add credits to the account, then: ${retry(id)}`,
};
