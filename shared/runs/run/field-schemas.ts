/** Zod schemas for single fields. A wrong value is reported as what the field should be, not what the parser found. */
import * as z from 'zod';

type Issue = { readonly code: string; readonly input?: unknown };

export const should = (be: string) => ({
  error: ({ code, input }: Issue) =>
    code === 'unrecognized_keys' ? undefined : `${input === undefined ? 'is missing; it' : ''} should be ${be}`.trim(),
});

export const whole = (min: number, max: number) => {
  const be = should(`a whole number from ${min} to ${max}`);
  return z.int(be).min(min, be).max(max, be);
};

export const text = (be: string, max = 1024) => z.string(should(be)).min(1, should(be)).max(max, should(be));

export const amount = (be: string) => z.number(should(be)).min(0, should(be));

export const texts = (be: string) =>
  z.array(text(be), should(`a list such as ["…"], each ${be}`)).min(1, should('not empty'));

export const flag = () => z.boolean(should('true or false'));

/** What a schema parses to, read-only at every depth. */
export type Parsed<Schema extends z.ZodType> = ReadonlyDeep<z.infer<Schema>>;

type ReadonlyDeep<T> = T extends object ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> } : T;
