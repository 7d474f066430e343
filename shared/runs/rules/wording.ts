/** How a fault in what a person wrote is told: what the field should be, not what a program found. */
import * as z from 'zod';
import { nearest } from './closest-name.ts';

type Fault = { readonly code: string; readonly input?: unknown };

/** What a field should be, for whoever wrote something else. */
export const should = (be: string) => ({
  error: ({ code, input }: Fault) =>
    code === 'unrecognized_keys' ? undefined : `${input === undefined ? 'is missing; it' : ''} should be ${be}`.trim(),
});

export const whole = (min: number, max: number) => {
  const be = should(`a whole number from ${min} to ${max}`);
  return z.int(be).min(min, be).max(max, be);
};

export const paramsSchema = z.record(
  z.string(),
  z.record(z.string(), z.json(), should('an object of parameters')),
  should('an object of parameters by the id of a node'),
);

/** What is wrong, and where in the document. */
export interface PlacedFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `names`: of all fields, for whoever mistyped one. */
export function faultsOfIssue(issue: z.core.$ZodIssue, names: readonly string[]): PlacedFault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((name) => ({
    path: [...path, name],
    message: `is no field that is known here${meant(name, names)}`,
  }));
}

function meant(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

export const inWords = ({ path, message }: PlacedFault): string =>
  `${path.length > 0 ? path.join('.') : 'the document'} ${message}`;
