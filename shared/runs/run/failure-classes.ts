/** Why a run failed; it decides whether another attempt may help. */
export const failureClasses = [
  /** The agent ran and failed. */
  'agent-failed',
  /** The signed input link had expired when the agent wanted to read it. */
  'input-expired',
  /** The object was deleted or replaced meanwhile. */
  'input-gone',
  /** The API said that this start can never succeed. */
  'refused',
  /** A start was sent and nobody knows whether it began: only a person may decide about another attempt. */
  'unanswered',
  'deadline',
  'agent-run-gone',
  'no-output',
  'delivery',
  'too-costly',
  'out-of-credits',
] as const;
export type FailureClass = (typeof failureClasses)[number];
