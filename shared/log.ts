import { PermanentError } from './errors.ts';

type Fields = Record<string, unknown>;
type Level = 'info' | 'warn' | 'error';

/** One JSON line per event: a past-tense name and facts. */
export interface Log {
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** The same log with these fields on every line. */
  with(fields: Fields): Log;
}

export type LogSink = (line: { level: Level; event: string; time: string } & Fields) => void;

const toStandardOutput: LogSink = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

export function createLog(sink: LogSink = toStandardOutput, base: Fields = {}): Log {
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}) =>
      sink({ level, event, time: new Date().toISOString(), ...redacted({ ...base, ...fields }) });
  return {
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLog(sink, { ...base, ...fields }),
  };
}

export const silentLog: Log = createLog(() => {});

/** A signed link is a key: only its host and path may be shown. Anything after `?` of any URL goes. */
export const withoutLinkSecrets = (text: string): string =>
  text.replace(/(https?:\/\/[^\s"'<>?#]*)[?#][^\s"'<>]*/gi, '$1?…').replace(/(https?:\/\/)[^\s/@"'<>]+@/gi, '$1…@');

function redacted(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return withoutLinkSecrets(value);
  if (value instanceof Error) {
    const facts = value instanceof PermanentError ? value.facts : {};
    const cause = value.cause === undefined ? {} : { cause: plain(value.cause) };
    return redacted({ name: value.name, message: value.message, stack: value.stack, ...facts, ...cause });
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return redacted(value as Fields);
  return value;
}
