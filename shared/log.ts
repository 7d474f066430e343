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

/**
 * A signed link is a key: only its host and path may be shown. Anything after `?` of any URL goes; and, for links that
 * are escaped or broken by a space, what follows the name of a secret. So do API keys and what `Authorization` sends.
 */
export const withoutLinkSecrets = (text: string): string =>
  text
    // The query is optional, so that each URL is read once: without it, a text full of `https://` took seconds.
    .replace(/(https?:\/\/[^\s"'<>?#]*)([?#][^\s"'<>]*)?/gi, (_, shown: string, query?: string) =>
      query === undefined ? shown : `${shown}?…`,
    )
    .replace(/(https?:\/\/)[^\s/@"'<>]+@/gi, '$1…@')
    .replace(inQuery, '$1…')
    .replace(inJson, '$1…')
    .replace(/\bBearer\s+[^\s"'<>,;…]+/gi, 'Bearer …')
    .replace(/\bmk_[\w-]+/g, 'mk_…');

// Bounded, so that the time stays proportional to the length of any text.
const secretNames =
  '(?:x-(?:amz|goog)-(?:signature|credential|security-token)|x-mosaic-signature|signature|sig|credential|' +
  '[a-z]{0,20}[_-]?token|api[_-]?key|[a-z]{0,20}[_-]?secret|secretaccesskey|password|authorization)';
/** `%3D` and `\u003d` are what is left of `=` in a link inside a link, and in some servers' JSON. */
const inQuery = new RegExp(`(${secretNames}(?:=|%(?:25)*3D|\\\\u003d))[^\\s&"'<>…]+`, 'gi');
const inJson = new RegExp(`("${secretNames}\\\\*"\\s*:\\s*\\\\*")[^"\\\\…]+`, 'gi');
const isSecretName = new RegExp(`^${secretNames}$`, 'i');

/** Deeper than anyone reads; and a thing that holds itself has no end. */
const maxDepth = 8;

function redacted(fields: object, depth = 0): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      withoutLinkSecrets(name),
      isSecretName.test(name) && typeof value === 'string' ? '…' : plain(value, depth),
    ]),
  );
}

/** What JSON can say of a value: a log line must neither fail nor say more than it should. */
function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutLinkSecrets(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > maxDepth) return '…';
  if (value instanceof Error) return redacted(factsOf(value), depth + 1);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value;
  if (value instanceof URL) return withoutLinkSecrets(value.href);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value) || value instanceof Set) return [...value].map((one) => plain(one, depth + 1));
  if (value instanceof Map) return redacted(Object.fromEntries(value), depth + 1);
  return redacted(value, depth + 1);
}

function factsOf(error: Error): Fields {
  const facts = error instanceof PermanentError ? error.facts : {};
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...facts, ...(cause === undefined ? {} : { cause }) };
}
