import { columnsHere, wrapped } from './layout.ts';

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
  const notes = note === undefined ? [] : note.split('\n').flatMap(fitting);
  if (asJson) console.log(JSON.stringify(json, null, 2));
  else for (const line of lines.flatMap(fitting)) console.log(line);
  for (const line of [...faults, ...notes]) console.error(line);
  return faults.length > 0 ? 1 : 0;
}

/** Broken between words for a terminal; what has colours was laid out for it already. */
const fitting = (line: string): string[] =>
  line.includes('\u001b') || /^ |\n/.test(line) ? [line] : wrapped(line, columnsHere() - 1);
