import { DiskFull, messageOf, PermanentError } from '../../shared/errors.ts';
import { parseArguments, usage } from './arguments.ts';
import { editFiles } from './edit-files.ts';
import { watchUploads } from './watch-uploads.ts';
import { wrapped } from './wrap-text.ts';

// Paths that the user types are meant from where npm was called, not from the project's folder.
const folder = process.env.INIT_CWD ?? process.cwd();

// The reader may close the pipe (a closed terminal, `| head`): the work still ends in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const options = parseArguments(process.argv.slice(2), folder);
  if (options.help) console.log(usage);
  else process.exitCode = await (options.files.length > 0 ? editFiles(options) : watchUploads(options));
} catch (error) {
  // These are sentences for the user; anything else is ours to find, so its stack is shown.
  const isForUser = error instanceof PermanentError || error instanceof DiskFull;
  const columns = process.stderr.isTTY ? process.stderr.columns - 1 : Number.POSITIVE_INFINITY;
  const text = isForUser ? messageOf(error) : ((error as Error).stack ?? messageOf(error));
  // What is laid out already stays so.
  const lines = text.split('\n').flatMap((line) => (/^ |^$/.test(line) ? [line] : wrapped(line, columns)));
  console.error(`\n${lines.join('\n')}`);
  process.exitCode = 1;
}
