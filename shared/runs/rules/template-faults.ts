import { messageOf } from '../../errors.ts';
import type { Json } from '../../platform/ports.ts';
import { nearest } from './closest-name.ts';
import type { WrittenRule } from './document.ts';
import type { RuleFault } from './fault.ts';
import { partNames } from './key-pattern.ts';
import { piecesOf } from './template.ts';

const ofKey = ['folder', 'name', 'stem', 'extension'];
const ofObject = ['key', 'bucket', 'date', 'metadata', 'sidecar', 'data'];
const ofOutput = ['run', 'output', 'node', 'index', 'attempt', 'rule', 'agent'];

/** Names that no part of a pattern may have. */
export const reservedNames: readonly string[] = [...ofObject, ...ofOutput];

/** Finds templates that are malformed or use a variable that is not known where they are filled in. */
export function faultsOfTemplates(rule: WrittenRule): readonly RuleFault[] {
  const parts = rule.pattern === undefined ? [] : partNames(rule.pattern);
  const key = [...ofKey, ...parts];
  const object = [...key, ...ofObject];
  const output = [...object, ...ofOutput];
  const group = typeof rule.start === 'object' ? rule.start.groupBy : undefined;
  return [
    ...textsIn(group, ['start', 'groupBy']).flatMap((text) => faultsIn(text, [...key, 'key', 'bucket'])),
    ...textsIn(rule.updateParams, ['updateParams']).flatMap((text) => faultsIn(text, object)),
    ...textsIn(rule.deliver, ['deliver']).flatMap((text) => faultsIn(text, output)),
  ];
}

interface Text {
  readonly path: RuleFault['path'];
  readonly text: string;
}

function textsIn(value: Json | undefined, path: RuleFault['path']): Text[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (value === null || typeof value !== 'object') return [];
  return Array.isArray(value)
    ? value.flatMap((each: Json, index) => textsIn(each, [...path, index]))
    : Object.entries(value).flatMap(([name, each]) => textsIn(each, [...path, name]));
}

function faultsIn({ path, text }: Text, known: readonly string[]): RuleFault[] {
  try {
    return piecesOf(text).flatMap((piece) => {
      if (typeof piece === 'string') return [];
      const message = faultOfName(piece.name, known);
      return message === undefined ? [] : [{ path, message }];
    });
  } catch (error) {
    return [{ path, message: `cannot be filled in: ${messageOf(error)}`.replace(/\.$/, '') }];
  }
}

const withFields = ['metadata', 'sidecar', 'data'];

function faultOfName(name: string, known: readonly string[]): string | undefined {
  const [root = '', ...fields] = name.split('.');
  if (known.includes(root)) {
    const needsField = withFields.includes(root);
    if (needsField && fields.length === 0) return `asks for {${name}}; it should name a field, such as {${root}.title}`;
    return needsField || fields.length === 0 ? undefined : `asks for {${name}}, but {${root}} has no fields`;
  }
  const near = nearest(root, known);
  const meant = near === undefined ? '' : `; did you mean {${[near, ...fields].join('.')}}?`;
  return `asks for {${name}}, which is not known here${meant || `. Known: ${known.join(', ')}`}`;
}
