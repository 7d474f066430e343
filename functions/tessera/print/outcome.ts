import { unseen } from '../../local/shown-path.ts';
import { wrapped } from '../../local/wrap-text.ts';
import { columnsHere } from './layout.ts';

/** What a command found or did: for a person, and, with `--json`, for a program. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly json: unknown;
  /** Why it could not be done: printed on standard error, and the exit code is 1. */
  readonly faults?: readonly string[];
  /** What else the user should know: printed on standard error, so that a pipe does not get it. */
  readonly note?: string;
}

/** Where lines go: standard output and standard error. */
export interface Print {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Prints the outcome and returns the exit code. */
export function printOutcome(print: Print, { lines, json, faults = [], note }: Outcome, asJson: boolean): number {
  const notes = note === undefined ? [] : note.split('\n').flatMap(fitting);
  if (asJson) print.out(harmless(JSON.stringify(json, null, 2)));
  else for (const line of lines.flatMap(fitting)) print.out(line);
  for (const line of [...faults, ...notes]) print.err(line);
  return faults.length > 0 ? 1 : 0;
}

/** Wraps a line for the terminal. A line with colours is laid out already. */
const fitting = (line: string): string[] =>
  line.includes('\u001b') || /^ |\n/.test(line) ? [line] : wrapped(line, columnsHere() - 1);

/** Escapes control characters that JSON leaves as they are. A parser reads the same text. */
export const harmless = (text: string): string =>
  text.replace(unseen, (letter) =>
    letter === '\n' ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
