/** Why a run failed; it decides whether another attempt may help. */
export const failureClasses = [
  /** The agent ran and failed. */
  'agent-failed',
  /** The signed input link had expired when the agent tried to read it. */
  'input-expired',
  /** The object was deleted or replaced before the agent read it. */
  'input-gone',
  /** The API refused the start for good. */
  'refused',
  /** A start was sent and it is unknown whether it ran: only a person may decide about a retry. */
  'unanswered',
  'deadline',
  'agent-run-gone',
  'no-output',
  'delivery',
  'too-costly',
  'out-of-credits',
] as const;
export type FailureClass = (typeof failureClasses)[number];
