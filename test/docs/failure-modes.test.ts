import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/failure-modes.md'), 'utf8');

describe('docs/failure-modes.md', () => {
  test('every link in docs/failure-modes.md leads to a test file or page that exists', () => {
    expect(findLinks(page).length).toBeGreaterThan(250);
    expect(findLinks(page).filter((path) => !existsSync(join(root, 'docs', path)))).toEqual([]);
  });

  test('every failure in docs/failure-modes.md links to its tests, or says why none can prove it', () => {
    expect(readProofCells(page).length).toBeGreaterThan(200);
    expect(readProofCells(page).filter((row) => !isProven(row) && !saysWhyUnproven(row))).toEqual([]);
  });

  test('every log event that docs/failure-modes.md names is logged', () => {
    const code = ['shared', 'functions'].flatMap(readSources).join('\n');
    const events = [...page.matchAll(/`([a-z]+\.[a-z]+(?:-[a-z]+)*)`/g)].flatMap(([, name = '']) =>
      /\.(json|md|ts|test)$/.test(name) ? [] : [name],
    );
    expect(events.length).toBeGreaterThan(5);
    expect(events.filter((event) => !code.includes(`'${event}'`))).toEqual([]);
  });

  test('a failure without a test and without a reason would be found', () => {
    expect(readProofCells(buildTable('| It rains | We get wet | |')).filter(isProven)).toEqual([]);
    expect(readProofCells(buildTable('| It rains | We get wet | [rain](rain.md) |')).filter(isProven)).toEqual([]);
    expect(readProofCells(buildTable('| It rains | We get wet | unproven |')).filter(saysWhyUnproven)).toEqual([]);
  });
});

const heading = '| what goes wrong | what happens | test |';
const buildTable = (row: string): string => [heading, '|---|---|---|', row].join('\n');

const findLinks = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);

/** The last cell of each row in the tables of failures. */
function readProofCells(text: string): string[] {
  const tables = text.split(heading).slice(1);
  return tables.flatMap((rest) => {
    const [rows = ''] = rest.trimStart().split('\n\n');
    return rows
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((row) => row.split('|').at(-2)?.trim() ?? '');
  });
}

const isProven = (cell: string): boolean => /\]\(\.\.\/test\/[\w/-]+(\.slow)?(\.test)?\.ts\)/.test(cell);
const saysWhyUnproven = (cell: string): boolean => /^unproven: \w+/.test(cell);

const readSources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
