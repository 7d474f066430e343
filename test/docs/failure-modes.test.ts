import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/failure-modes.md'), 'utf8');

describe('docs/failure-modes.md', () => {
  test('names tests that there are', () => {
    expect(proofsIn(page).length).toBeGreaterThan(150);
    expect(proofsIn(page).flatMap(faultOf)).toEqual([]);
  });

  test('has a proof below each entry, and no name without its file', () => {
    const entries = page.split(/^- \*\*/m).slice(1);
    const unproven = entries.filter((entry) => proofsIn(entry).length === 0).map((entry) => entry.split('**')[0]);
    expect(unproven.filter((title) => !saidToBeUnproven.includes(title ?? ''))).toEqual([]);
    expect(proofsIn(page)).toHaveLength([...page.matchAll(/“[^”]+”/g)].length - namesInTheText);
  });

  test('names log events that are logged', () => {
    const code = ['shared', 'functions'].flatMap(sourcesIn).join('\n');
    const events = [...page.matchAll(/`([a-z]+\.[a-z]+(?:-[a-z]+)*)`/g)].flatMap(([, name = '']) =>
      isFile(name) ? [] : [name],
    );
    expect(events.length).toBeGreaterThan(5);
    expect(events.filter((event) => !code.includes(`'${event}'`))).toEqual([]);
  });

  test.each([
    ['`transfer/transfer` “a small file is stored in one pie”', /no test/],
    ['`transfer/transfer` “a large file arrives in parts, read once”, “nothing”', /“nothing”/],
    ['`runs/teleport` “a small file is stored in one piece with what identifies it”', /no file/],
  ])('%s would be found', (text, words) => {
    expect(proofsIn(text).flatMap(faultOf)).toEqual([expect.stringMatching(words)]);
  });
});

/** “…” in the introduction stands for what changes in a name. */
const namesInTheText = 1;
/** Of these the page itself says why no test can show them. */
const saidToBeUnproven = [
  'The marks are lost on the way',
  ...[...page.slice(page.indexOf('## What no test here shows')).matchAll(/^- \*\*(.+?)\*\*/gm)].map(
    ([, title]) => title,
  ),
];

interface Proof {
  readonly file: string;
  readonly name: string;
}

/** A file in backticks, then the whole names of its tests. */
function proofsIn(text: string): Proof[] {
  return [...text.matchAll(/`([\w/-]+)`((?:,?\s+“[^”]+”)+)/g)].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/“([^”]+)”/g)].map(([, name = '']) => ({ file, name })),
  );
}

function faultOf({ file, name }: Proof): string[] {
  const path = [`test/${file}.test.ts`, `test/${file}.ts`].find((each) => existsSync(join(root, each)));
  if (path === undefined) return [`there is no file of tests ${file}`];
  return testsIn(path).has(name) ? [] : [`${path} has no test “${name}”`];
}

const known = new Map<string, ReadonlySet<string>>();

function testsIn(path: string): ReadonlySet<string> {
  const names = known.get(path) ?? new Set(namesIn(readFileSync(join(root, path), 'utf8')));
  known.set(path, names);
  return names;
}

/** Whole names: those of the blocks around, by their indentation, then its own; “…” for what is filled in. */
function namesIn(source: string): string[] {
  // What stands in a table of cases is no name, whatever follows it.
  const table = String.raw`\.each(?:<[^(]*>)?\(\[[\s\S]*?\](?: as const)?\)\(\s*`;
  const title = String.raw`(['"\x60])((?:\\.|(?!\3).)*)\3,\s*(?:async )?(?:\(|\w+ =>)`;
  const block = new RegExp(String.raw`^( *)(describe|test|check)(?:${table}|\b[\s\S]*?)${title}`, 'gm');
  const around: { readonly depth: number; readonly title: string }[] = [];
  const names: string[] = [];
  for (const [, indent = '', kind, , written = ''] of source.matchAll(block)) {
    const name = written.replace(/%[sijd]|\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1');
    while ((around.at(-1)?.depth ?? -1) >= indent.length) around.pop();
    if (kind === 'describe') around.push({ depth: indent.length, title: name });
    else names.push([...around.map((each) => each.title), name].join(' '));
  }
  return names;
}

const isFile = (name: string): boolean => /\.(json|md|ts|test)$/.test(name);

const sourcesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
