import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = (name: string) => new URL(`../${name}/`, import.meta.url);
const sourcesIn = (name: string) =>
  readdirSync(folder(name))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, source: readFileSync(new URL(file, folder(name)), 'utf8') }));

const contracts = sourcesIn('contracts')
  .map(({ source }) => source)
  .join('\n');
const gaps = sourcesIn('aws').flatMap(({ file, source }) =>
  [...source.matchAll(/const gapsOf\w+ = \{(.*?)\n\};/gs)].flatMap(([, listed = '']) =>
    titlesIn(listed).map((title) => ({ file, title })),
  ),
);

test('what an emulator cannot show is a test of a contract, so that none is left out under a name that is no more', () => {
  expect(gaps.length).toBeGreaterThan(10);
  expect(gaps.filter(({ title }) => !contracts.includes(`'${title}'`))).toEqual([]);
});

/** Titles stand before a colon or in a list; what follows a colon is a reason. */
function titlesIn(listed: string): string[] {
  const withoutReasons = listed.replace(/:\s*(?:'[^']*'|\w+),?/g, ':').replace(/\[title, '[^']*'\]/g, '');
  return [...withoutReasons.matchAll(/'([^']+)'/g)].map(([, title = '']) => title);
}
