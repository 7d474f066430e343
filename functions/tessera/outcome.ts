/** What a command found or did: for a person, and, with `--json`, for a program. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly json: unknown;
  /** What keeps it from being done: said on standard error, and the command ends with 1. */
  readonly faults?: readonly string[];
  /** What else the user should know; on standard error, so that no pipe has to sort it out. */
  readonly note?: string;
}

/** Prints the outcome and answers the exit code. */
export function printed({ lines, json, faults = [], note }: Outcome, asJson: boolean): number {
  if (asJson) console.log(JSON.stringify(json, null, 2));
  else {
    for (const line of lines) console.log(line);
    for (const line of [...faults, ...(note === undefined ? [] : [note])]) console.error(line);
  }
  return faults.length > 0 ? 1 : 0;
}
