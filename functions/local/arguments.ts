import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInput } from '../../shared/errors.ts';

export interface Arguments {
  /** Absolute paths; none: watch the uploads folder. */
  readonly files: readonly string[];
  readonly agent: string;
  readonly outFolder: string;
  readonly dataFolder: string;
  /** Undefined: the usual port. */
  readonly port?: number;
  readonly help: boolean;
  readonly verbose: boolean;
}

export const usage = `Tessera turns videos that you drop into edited videos.

  npm start                         watch a folder for each agent, until Ctrl-C
  npm start -- FILE... [options]    edit these files, then exit

Options
  --agent NAME   tighten (cut the silences; the default), vertical (9:16),
                 polish (both, better colour and a mark)
  --out DIR      where the edited videos go; default ./out
  --data DIR     where Tessera keeps its state; default ./.tessera
  --port N       the port of the local API; default 4730
  --verbose      every event as a line of JSON on standard error
  --help         this text`;

/** Paths are taken from the folder in which the user typed the command, not from where npm runs the script. */
export function parseArguments(words: readonly string[], folder: string): Arguments {
  const { values, positionals } = parse(words);
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(folder, path));
  return {
    files: positionals.map(absolute),
    agent: values.agent ?? 'tighten',
    outFolder: absolute(values.out ?? 'out'),
    dataFolder: absolute(values.data ?? '.tessera'),
    port: values.port === undefined ? undefined : parsePort(values.port),
    help: values.help ?? false,
    verbose: values.verbose ?? false,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        agent: { type: 'string' },
        out: { type: 'string' },
        data: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        verbose: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new InvalidInput(`${wordsFor(error as NodeJS.ErrnoException, words)}\n\n${usage}`, {}, { cause: error });
  }
}

/** Node's own words end in the middle of an example; and a file's name may begin like an option. */
function wordsFor({ code, message }: NodeJS.ErrnoException, words: readonly string[]): string {
  const [, named = ''] = /'(-[^' ]*)/.exec(message) ?? [];
  const option = words.find((word) => word.startsWith(named)) ?? named;
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    return `There is no option ${option}. Is it a file whose name begins with "-"? Type ./ before it.`;
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') return `${option}: see below how it is given.`;
  return message;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535 && text.trim() !== '') return port;
  throw new InvalidInput(`--port ${text}: a port is a whole number from 0 (any free one) to 65535.`);
}
