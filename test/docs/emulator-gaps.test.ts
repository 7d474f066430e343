import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = (name: string) => new URL(`../${name}/`, import.meta.url);
const readSources = (name: string) =>
  readdirSync(folder(name))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, source: readFileSync(new URL(file, folder(name)), 'utf8') }));

const contracts = readSources('contracts')
  .map(({ source }) => source)
  .join('\n');
const gaps = readSources('aws').flatMap(({ file, source }) =>
  [...source.matchAll(/const gapsOf\w+ = \{(.*?)\n\};/gs)].flatMap(([, listed = '']) =>
    readTitles(listed).map((title) => ({ file, title })),
  ),
);

test('every gap of an emulator is the title of an existing contract test', () => {
  expect(gaps.length).toBeGreaterThan(10);
  expect(gaps.filter(({ title }) => !contracts.includes(`'${title}'`))).toEqual([]);
});

/** A title is an entry of a list, or stands before a colon and its reason. */
function readTitles(listed: string): string[] {
  const withoutReasons = listed.replace(/:\s*(?:'[^']*'|\w+),?/g, ':').replace(/\[title, '[^']*'\]/g, '');
  return [...withoutReasons.matchAll(/'([^']+)'/g)].map(([, title = '']) => title);
}
