/** The wording of faults in a document: what a field should be, not what the parser found. */
import * as z from 'zod';
import { should } from '../run/field-schemas.ts';
import { nearest } from './closest-name.ts';

export const paramsSchema = z.record(
  z.string(),
  z.record(z.string(), z.json(), should('an object of parameters')),
  should('an object of parameters by the id of a node'),
);

/** A fault and its place in the document. */
export interface PlacedFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `names` of all fields, to suggest one for a mistyped name. */
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
