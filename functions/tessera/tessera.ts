import { CommanderError } from 'commander';
import { DiskFull, messageOf, PermanentError } from '../../shared/errors.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { plainText } from '../local/shown-path.ts';
import { wrapped } from '../local/wrap-text.ts';
import { columnsHere } from './print/layout.ts';
import type { Print } from './print/outcome.ts';
import { withRunIdsLast } from './print/run-id-words.ts';
import { program } from './program.ts';
import { explained } from './world/aws-errors.ts';

/** What `tessera …` does with the words behind its name; answers the exit code. */
export async function tessera(words: readonly string[], print: Print): Promise<number> {
  let code = 0;
  const commands = program(print, (told) => {
    code = told;
  });
  try {
    await commands.parseAsync(withRunIdsLast(words), { from: 'user' });
    return code;
  } catch (error) {
    return error instanceof CommanderError ? codeOf(error) : failed(print, explained(error));
  }
}

/** Commander has said what was wrong, or shown the help that was asked for. */
function codeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : 2;
}

/** Sentences are for the user; anything else is ours to find, so its stack is shown. */
function failed(print: Print, error: unknown): number {
  const isSentence = isSaidToPeople(error);
  const text = isSentence ? messageOf(error) : ((error as Error).stack ?? messageOf(error));
  for (const line of text.split('\n').map(plainText))
    for (const piece of isSentence ? wrapped(line, columnsHere() - 1) : [line]) print.err(piece);
  return 1;
}

/** A plain Error is thrown with a sentence; those that have a name of their own elsewhere are a program's. */
function isSaidToPeople(error: unknown): boolean {
  return (
    error instanceof PermanentError ||
    error instanceof DiskFull ||
    error instanceof MosaicError ||
    (error instanceof Error && error.constructor === Error)
  );
}
