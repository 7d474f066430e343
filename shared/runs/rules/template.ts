import { InvalidInput } from '../../errors.ts';
import type { Json } from '../../platform/ports.ts';
import { isManifestKey } from '../run/control-files.ts';
import type { Rule, UpdateParams } from '../run/rule.ts';
import type { Upload } from '../run/run.ts';
import { matchPattern, placeOfPattern } from './key-pattern.ts';

/** The variables of templates; `metadata.x` is the field `x` of `metadata`. */
export type Variables = { readonly [name: string]: Json | undefined };

/** Changes each value before it is inserted, for texts that do not allow every character. */
export type Encode = (value: string, name: string) => string;

export type Piece = string | { readonly name: string; readonly filters: readonly string[] };

const filters: Readonly<Record<string, (text: string) => string>> = {
  lower: (text) => text.toLowerCase(),
  slug: (text) => slug(text),
};

/** Fills in every `{variable}` of a text. */
export function fillTemplate(template: string, variables: Variables, encode: Encode = (value) => value): string {
  return piecesOf(template)
    .map((piece) => (typeof piece === 'string' ? piece : encode(filtered(piece, template, variables), piece.name)))
    .join('');
}

/** Fills in the texts of parameters; a text that is only a variable gets the type of its value. */
export function fillParams(params: UpdateParams, variables: Variables): UpdateParams {
  return filledValue(params, variables) as UpdateParams;
}

/** The variables from the key and an ISO time. A named part of the rule's pattern overrides a variable of the same name. */
export function keyVariables(rule: Rule, { bucket, key }: Pick<Upload, 'bucket' | 'key'>, at: string): Variables {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return {
    folder: key.slice(0, Math.max(0, key.length - name.length - 1)),
    name,
    stem: dot > 0 ? name.slice(0, dot) : name,
    extension: dot > 0 ? name.slice(dot + 1) : '',
    ...(rule.pattern === undefined ? {} : partsOf(rule.pattern, key)),
    key,
    bucket,
    date: at.slice(0, 10),
  };
}

/** For a manifest without a video's name, only the parts that name its folders. */
const partsOf = (pattern: string, key: string): Record<string, string> | undefined =>
  matchPattern(pattern, key) ?? (isManifestKey(key) ? matchPattern(placeOfPattern(pattern), key) : undefined);

/** Splits a template into texts and variables; throws if it is malformed. */
export function piecesOf(template: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const [piece, variable] of template.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g)) {
    if (variable !== undefined) pieces.push(variableOf(variable, template));
    else if (piece === '{' || piece === '}')
      throw new InvalidInput(`${shown(template)} has a ${piece} too many; a brace that is meant is written twice.`);
    else pieces.push(piece === '{{' || piece === '}}' ? piece.charAt(0) : piece);
  }
  return pieces;
}

function variableOf(text: string, template: string): Piece {
  const [name = '', ...applied] = text.split('|').map((part) => part.trim());
  if (!/^[A-Za-z][\w-]*(\.[^.\s]+)*$/.test(name))
    throw new InvalidInput(`{${text}} in ${shown(template)} is no variable; a brace that is meant is written twice.`);
  const unknown = applied.find((filter) => !Object.hasOwn(filters, filter));
  if (unknown !== undefined)
    throw new InvalidInput(`{${text}} in ${shown(template)} asks for "${unknown}"; there are only lower and slug.`);
  return { name, filters: applied };
}

function filtered({ name, filters: applied }: Exclude<Piece, string>, template: string, variables: Variables): string {
  const value = lookUp(name, template, variables);
  if (value === null || typeof value === 'object')
    throw new InvalidInput(
      `{${name}} in ${shown(template)} is no text, number or truth, so it cannot stand in a text.`,
    );
  return applied.reduce((text, filter) => filters[filter]?.(text) ?? text, String(value));
}

function filledValue(value: Json | undefined, variables: Variables): Json | undefined {
  if (typeof value === 'string') return filledText(value, variables);
  if (Array.isArray(value)) return value.map((each: Json) => filledValue(each, variables) ?? null);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledValue(each, variables)]));
}

function filledText(text: string, variables: Variables): Json {
  const [only, ...more] = piecesOf(text);
  if (only === undefined || typeof only === 'string' || more.length > 0 || only.filters.length > 0)
    return fillTemplate(text, variables);
  return lookUp(only.name, text, variables);
}

/** Looks a name up as written, then in lower case, as S3 stores metadata names. */
function lookUp(name: string, template: string, variables: Variables): Json {
  const [root = '', ...path] = name.split('.');
  let value: Json | undefined = own(variables, root);
  for (const step of path) value = isObject(value) ? (own(value, step) ?? own(value, step.toLowerCase())) : undefined;
  if (value === undefined)
    throw new InvalidInput(`{${name}} in ${shown(template)} is not known here. Known: ${namesOf(variables)}.`);
  return value;
}

const own = (object: Variables, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const namesOf = (variables: Variables): string =>
  Object.entries(variables)
    .flatMap(([name, value]) => (isObject(value) ? Object.keys(value).map((key) => `${name}.${key}`) : [name]))
    .slice(0, 50)
    .join(', ');

const shown = (template: string): string =>
  JSON.stringify(template.length > 80 ? `${template.slice(0, 80)}…` : template);

/** Plain letters, digits and hyphens, for names that must be safe everywhere. */
export const slug = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .replace(/-+$/, '');
