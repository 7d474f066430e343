import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { RuleFault } from './fault.ts';

/** A fault with its place in the text; lines and columns count from 1. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

interface JsonText {
  readonly text: string;
  readonly root: Node;
  readonly value: unknown;
}

/** The parsed JSON, or why the text is not JSON. */
export function readJson(text: string): JsonText | { readonly faults: readonly Fault[] } {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  // One mistake causes many errors; the first is the real one.
  const [first] = errors;
  if (first !== undefined || root === undefined)
    return { faults: [{ ...positionOf(text, first?.offset ?? 0), message: inWords(first) }] };
  const repeated = repeatedNames(root);
  if (repeated.length > 0)
    return {
      faults: repeated.map(({ offset, value }) => ({
        ...positionOf(text, offset),
        message: `"${value}" stands twice in this object; only the second would count`,
      })),
    };
  return { text, root, value: getNodeValue(root) };
}

/** A fault's place: its value, the name of a field that should not exist, or the object that lacks a field. */
export function placeOf({ text, root }: JsonText, { path, message }: RuleFault): Fault {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node === undefined) continue;
    const shown = path.length === 0 ? 'the document' : path.join('.');
    return { ...positionOf(text, nameOf(node).offset), message: `${shown} ${message}` };
  }
  return { line: 1, column: 1, message };
}

/** For a field, the place of its name. */
const nameOf = (node: Node): Node => (node.parent?.type === 'property' ? (node.parent.children?.[0] ?? node) : node);

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function repeatedNames(node: Node): Node[] {
  const children = node.children ?? [];
  const names = node.type === 'object' ? children.flatMap(({ children: [name] = [] }) => name ?? []) : [];
  const repeated = names.filter((name, index) => names.findIndex(({ value }) => value === name.value) !== index);
  return [...repeated, ...children.flatMap(repeatedNames)];
}

const inWords = (error: ParseError | undefined): string =>
  (error === undefined ? undefined : words[printParseErrorCode(error.error)]) ?? 'this is not JSON';

const words: Readonly<Record<string, string>> = {
  CommaExpected: 'a comma is missing before this',
  ColonExpected: 'a colon is missing before this',
  ValueExpected: 'a value is missing here',
  PropertyNameExpected: 'a name in double quotes is missing here, or there is a comma too many',
  CloseBraceExpected: 'a } is missing here',
  CloseBracketExpected: 'a ] is missing here',
  EndOfFileExpected: 'the document should end before this',
  InvalidCommentToken: 'JSON has no comments; leave this out',
  UnexpectedEndOfString: 'a closing quote is missing here',
  InvalidSymbol: 'this is no value of JSON; texts stand in double quotes',
};
