import { CommanderError } from 'commander';
import { DiskFull, messageOf, PermanentError } from '../../shared/errors.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import { plainText } from '../local/shown-path.ts';
import { explained } from './aws-errors.ts';
import { columnsHere, wrapped } from './layout.ts';
import { program } from './program.ts';
import { withRunIdsLast } from './run-id-words.ts';

// Whoever reads may go away (`| head`): then nobody is told, and the work still ends in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  await program((code) => {
    process.exitCode = code;
  }).parseAsync(withRunIdsLast(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = error instanceof CommanderError ? codeOf(error) : failed(explained(error));
}

/** Commander has said what was wrong, or shown the help that was asked for. */
function codeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? 0 : 2;
}

/** Sentences are for the user; anything else is ours to find, so its stack is shown. */
function failed(error: unknown): number {
  const isSentence = isSaidToPeople(error);
  const text = isSentence ? messageOf(error) : ((error as Error).stack ?? messageOf(error));
  for (const line of text.split('\n').map(plainText))
    console.error(isSentence ? wrapped(line, columnsHere() - 1).join('\n') : line);
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
