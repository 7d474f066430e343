import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../functions/local/arguments.ts';
import { program } from '../../functions/tessera/program.ts';

const root = resolve(import.meta.dirname, '../..');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).flatMap((name) => listPage(name))];

describe('commands in the pages', () => {
  test.each(pages)('every command in %s is accepted by its parser', (page) => {
    expect(findCommands(textOf(page)).flatMap(findFaults)).toEqual([]);
  });

  test('commands of every kind are found in the pages', () => {
    const typed = pages.flatMap((page) => findCommands(textOf(page)));
    for (const start of ['npx tessera ', 'npm run tessera ', 'npm run ', 'npm start', 'tessera '])
      expect(typed.filter((words) => words.startsWith(start)).length).toBeGreaterThan(4);
  });

  test.each([
    ['`tessera redrvie`', 'redrvie'],
    ['`tessera\nredrvie RUN`', 'redrvie'],
    ['`npx tessera runs --opne`', '--opne'],
    ['    npx tessera show', 'run-or-key'],
    ['npm run tessera -- cancel ONE TWO', 'TWO'],
    ['npm run dploy -- dev', 'dploy'],
    ['npm start -- --agnet tighten', '--agnet'],
  ])('the mistyped command %s would be found', (text, word) => {
    expect(findCommands(text).flatMap(findFaults)).toEqual([expect.stringContaining(word)]);
  });
});

describe('docs/command.md', () => {
  test.each(listLeaves(newProgram()).map(({ path, options }) => ({ path, options })))(
    'docs/command.md describes tessera $path and each of its options',
    ({ path, options }) => {
      const page = textOf('docs/command.md');
      expect(page).toMatch(new RegExp(`\`${path}\\b`));
      expect(options.filter((option) => !page.includes(option))).toEqual([]);
    },
  );
});

function listPage(name: string): string[] {
  return name.endsWith('.md') ? [join('docs', name)] : [];
}

/** Command lines in code blocks, and inline code that begins like one. */
function findCommands(text: string): string[] {
  const starts = String.raw`(?:npx tessera|npm run|npm start|tessera(?= \S))\b`;
  const lines = [...text.matchAll(new RegExp(String.raw`^ *(?:\$ )?(${starts} .*|npm start)$`, 'gm'))];
  const sentences = text.replace(/^```[\s\S]*?^```/gm, '').replace(/\s*\n\s*/g, ' ');
  const spans = [...sentences.matchAll(new RegExp(String.raw`\`(${starts}[^\`]*)\``, 'g'))];
  return [...lines.filter(([line]) => !isSentence(line)), ...spans].map(([, typed = '']) =>
    typed.replace(/\s+#.*$| \| .*$/, '').trim(),
  );
}

/** Printed output may begin a line with a command. */
const isSentence = (line: string): boolean => /^tessera .*[.;:]( |$)/.test(line);

function findFaults(typed: string): string[] {
  const words = splitWords(typed);
  const separator = words.indexOf('--');
  const own = separator < 0 ? [] : words.slice(separator + 1);
  if (words[0] === 'tessera') return parseFaults(words.slice(1), typed);
  if (words[0] === 'npx') return parseFaults(words.slice(2), typed);
  if (words[1] === 'start') return findStartFaults(own, typed);
  if (words[2] === 'tessera') return parseFaults(own, typed);
  const name = words[2] ?? '';
  return Object.hasOwn(scripts, name) ? [] : [`${typed}: there is no script ${name}`];
}

/** Splits like a shell. Placeholders that must parse get a value. */
const splitWords = (typed: string): string[] =>
  [...typed.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, plain]) => single ?? double ?? plain ?? '')
    .filter((word) => word !== '…')
    .map((word) => ({ N: '1', VERSION: '1', TIME: '2h' })[word] ?? word);

function parseFaults(words: readonly string[], typed: string): string[] {
  if (words.length === 0 || words.some((word) => word === '--help' || word === '--version')) return [];
  // `tessera show` only names the command.
  const isNamed = typed.startsWith('tessera ') && words.length === 1;
  try {
    if (isNamed) return newProgram().commands.some((each) => each.name() === words[0]) ? [] : [`${typed}: no command`];
    parseLikeCommander(newProgram(), [], words);
    return [];
  } catch (error) {
    return [`${typed}: ${(error as Error).message}`];
  }
}

/** Finds the command as commander does, without running it. */
function parseLikeCommander(command: Command, before: readonly string[], rest: readonly string[]): void {
  const parsed = command.parseOptions([...rest]);
  const operands = [...before, ...parsed.operands];
  if (command.commands.length === 0) checkWords(command, operands, parsed.unknown);
  // The name of a group alone is fine.
  else if (operands.length > 0 || command.parent === null) {
    const next = command.commands.find((each) => each.name() === operands[0]);
    if (next === undefined) throw new Error(`there is no command ${operands[0]}`);
    parseLikeCommander(next, operands.slice(1), parsed.unknown);
  }
}

function checkWords(
  { registeredArguments: wanted }: Command,
  words: readonly string[],
  unknown: readonly string[],
): void {
  if (unknown.length > 0) throw new Error(`there is no ${unknown[0]}`);
  const missing = wanted.find(({ required }, index) => required && index >= words.length);
  if (missing !== undefined) throw new Error(`it needs ${missing.name()}`);
  const isMany = wanted.at(-1)?.variadic === true;
  if (!isMany && words.length > wanted.length) throw new Error(`${words[wanted.length]} is one argument too many`);
}

function findStartFaults(words: readonly string[], typed: string): string[] {
  try {
    parseArguments(
      words.map((word) => word.replace(/^\[|\]$/g, '')),
      root,
    );
    return [];
  } catch (error) {
    return [`${typed}: ${(error as Error).message}`];
  }
}

function newProgram(): Command {
  const ignore = () => {};
  return program({ out: ignore, err: ignore }, ignore);
}

interface Leaf {
  readonly path: string;
  readonly options: readonly string[];
}

function listLeaves(command: Command, above: readonly string[] = []): Leaf[] {
  return command.commands.flatMap((each): Leaf[] => {
    const path = [...above, each.name()];
    if (each.commands.length > 0) return listLeaves(each, path);
    return [{ path: path.join(' '), options: each.options.map(({ long }) => long ?? '') }];
  });
}
