import { InvalidInput } from './errors.ts';

/** Turns one environment string into a value, or throws with what was expected. */
type Reader<T> = (raw: string) => T;
type Optional<T> = { reader: Reader<T>; fallback: T };
type Spec = Record<string, [name: string, reader: Reader<unknown> | Optional<unknown>]>;
type Values<S extends Spec> = {
  readonly [K in keyof S]: S[K][1] extends Reader<infer T> ? T : S[K][1] extends Optional<infer T> ? T : never;
};

export const text: Reader<string> = (raw) => raw;

export const url: Reader<string> = (raw) => {
  if (!URL.canParse(raw)) throw new Error('expected a URL');
  return raw.replace(/\/+$/, '');
};

export const integer: Reader<number> = (raw) => {
  const value = Number(raw);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('expected a whole number, 0 or more');
  return value;
};

export const list: Reader<readonly string[]> = (raw) =>
  raw
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export const json: Reader<unknown> = (raw) => JSON.parse(raw);

export const optional = <T>(reader: Reader<T>, fallback: T): Optional<T> => ({ reader, fallback });

/** Reads every setting of a program at once; the error names all that are missing or malformed. */
export function readSettings<const S extends Spec>(
  spec: S,
  environment: Record<string, string | undefined> = process.env,
): Values<S> {
  const values: Record<string, unknown> = {};
  const missing: string[] = [];
  const malformed: string[] = [];
  for (const [key, [name, kind]] of Object.entries(spec)) {
    const raw = environment[name];
    const reader = typeof kind === 'function' ? kind : kind.reader;
    if (raw === undefined || raw === '') {
      if (typeof kind === 'function') missing.push(name);
      else values[key] = kind.fallback;
      continue;
    }
    try {
      values[key] = reader(raw);
    } catch (error) {
      malformed.push(`${name} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  const faults = [
    ...(missing.length > 0 ? [`missing ${missing.join(', ')}`] : []),
    ...(malformed.length > 0 ? [`malformed ${malformed.join(', ')}`] : []),
  ];
  if (faults.length > 0) throw new InvalidInput(`Settings of this program: ${faults.join('; ')}.`);
  return Object.freeze(values) as Values<S>;
}
