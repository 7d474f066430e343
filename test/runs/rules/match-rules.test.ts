import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPattern } from '../../../shared/runs/rules/key-pattern.ts';
import { matchRules, rulesFor } from '../../../shared/runs/rules/match-rules.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { aDocument } from './example-document.ts';

const setOf = (...rules: object[]) => parseRules({ rules: rules.map((rule) => ({ agentId: 'a', ...rule })) });
const idsFor = (set: ReturnType<typeof setOf>, key: string) => rulesFor(set, key).map(({ id }) => id);

describe('which rules take a key', () => {
  test('the first that matches decides', () => {
    const set = setOf({ id: 'urgent', prefix: 'in/urgent/' }, { id: 'calm', prefix: 'in/' });
    expect(idsFor(set, 'in/urgent/a.mp4')).toEqual(['urgent']);
    expect(idsFor(set, 'in/a.mp4')).toEqual(['calm']);
    expect(idsFor(set, 'out/a.mp4')).toEqual([]);
  });

  test('all that match, where that is asked for, and all agents of a rule in any case', () => {
    const rules = [
      { id: 'x', prefix: 'in/', agentIds: ['a', 'b'] },
      { id: 'y', prefix: '', agentId: 'c' },
    ];
    expect(idsFor(parseRules({ rules }), 'in/a.mp4')).toEqual(['x@a', 'x@b']);
    expect(idsFor(parseRules({ match: 'all', rules }), 'in/a.mp4')).toEqual(['x@a', 'x@b', 'y']);
  });

  test('a folder is named exactly, an ending in any case', () => {
    const set = setOf({ prefix: 'In/', suffixes: ['.mov'] });
    expect(idsFor(set, 'In/IMG_0001.MOV')).toHaveLength(1);
    expect(idsFor(set, 'in/IMG_0001.MOV')).toEqual([]);
    expect(idsFor(set, 'In/notes.txt')).toEqual([]);
  });

  test('a name that macOS wrote in parts matches the same name written whole', () => {
    const set = setOf({ prefix: 'f\u00fcr/', suffixes: ['-\u00e4.mp4'], exclude: ['**/\u00f6*'] });
    expect(idsFor(set, 'fu\u0308r/a-A\u0308.mp4')).toHaveLength(1);
    expect(idsFor(set, 'fu\u0308r/o\u0308-\u00e4.mp4')).toEqual([]);
  });

  test('what is excluded is not taken', () => {
    const set = setOf({ prefix: '', exclude: ['**/drafts/*', '*.tmp.mp4'] });
    expect(idsFor(set, 'drafts/a.mp4')).toEqual([]);
    expect(idsFor(set, 'shows/DRAFTS/a.mp4')).toEqual([]);
    expect(idsFor(set, 'shows/drafts/old/a.mp4')).toHaveLength(1);
    expect(idsFor(set, 'mydrafts/a.mp4')).toHaveLength(1);
    expect(idsFor(set, 'a.tmp.mp4')).toEqual([]);
    expect(idsFor(set, 'in/a.tmp.mp4')).toHaveLength(1);
  });

  test('each rule says why', () => {
    const set = setOf({ id: 'a', prefix: 'x/' }, { id: 'b', prefix: '', suffixes: ['.mp4'] }, { id: 'c', prefix: '' });
    expect(matchRules(set, 'a.mp4').map(({ takes, because }) => [takes, because])).toEqual([
      [false, 'the key does not begin with "x/"'],
      [true, 'the key has one of the endings'],
      [false, 'it matches, but "b" stands before it and takes the key'],
    ]);
  });

  test('the first of all that match, with its other agents, is what the first match takes', () => {
    const key = fc.stringMatching(/^([a-zäöü]{1,2}\/){0,2}[a-z]{1,2}(\.tmp)?\.(mp4|MOV)$/);
    fc.assert(
      fc.property(aDocument, key, (document, each) => {
        const all = rulesFor(parseRules({ ...document, match: 'all' }), each);
        const first = rulesFor(parseRules({ ...document, match: 'first' }), each);
        expect(first).toEqual(all.filter(({ of }) => of === all[0]?.of));
      }),
    );
  });
});

describe('which rules take a manifest', () => {
  const customers = {
    ...{ id: 'customers', pattern: 'customers/{customer}/{show}/{title}.*', suffixes: ['.mp4'] },
    exclude: ['**/drafts/**'],
  };
  const rest = { id: 'rest', prefix: '' };
  const cuts = { id: 'cut-lists', prefix: 'cuts/', start: 'manifest' };
  const all = (...rules: object[]) => ({ ...setOf(...rules), match: 'all' as const });

  test('a rule with a pattern takes those that lie where its videos do, and no others', () => {
    for (const rulesOf of [setOf, all]) {
      const set = rulesOf(customers, cuts);
      expect(idsFor(set, 'cuts/monday.run.json')).toEqual(['cut-lists']);
      expect(idsFor(set, 'customers/acme/news/monday.run.json')).toEqual(['customers']);
      expect(idsFor(set, 'customers/monday.run.json')).toEqual([]);
      expect(idsFor(set, 'customers/drafts/news/monday.run.json')).toEqual([]);
    }
    expect(idsFor(setOf({ id: 'deep', pattern: 'in/**-{cam}.mp4' }), 'in/a/b/x.run.json')).toEqual(['deep']);
    expect(idsFor(setOf({ id: 'top', pattern: '{name}.mp4' }), 'in/x.run.json')).toEqual([]);
  });

  test('where one is for manifests alone, no other takes them, wherever it stands', () => {
    for (const rulesOf of [setOf, all]) {
      expect(idsFor(rulesOf(rest, cuts), 'cuts/monday.run.json')).toEqual(['cut-lists']);
      expect(idsFor(rulesOf(rest, cuts), 'cuts/monday.mp4')).toContain('rest');
      expect(idsFor(rulesOf(rest, cuts), 'in/monday.run.json')).toEqual(['rest']);
    }
    expect(matchRules(setOf(rest, cuts), 'cuts/monday.run.json')[0]?.because).toBe(
      'it matches, but "cut-lists" is for manifests alone',
    );
  });

  test('endings alone are no place', () => {
    expect(idsFor(setOf({ id: 'a', prefix: '', suffixes: ['.mxf'] }), 'in/x.run.json')).toEqual([]);
    expect(idsFor(setOf({ id: 'a', prefix: 'in/', suffixes: ['.mxf'] }), 'in/x.run.json')).toEqual(['a']);
  });

  test('a rule that speaks of manifests by their names is taken at its word', () => {
    const set = all(
      { id: 'wide', prefix: '', suffixes: ['-wide.run.json'], start: 'manifest' },
      { id: 'shows', pattern: 'shows/{show}.run.json', start: 'manifest' },
    );
    expect(idsFor(set, 'in/x-wide.run.json')).toEqual(['wide']);
    expect(idsFor(set, 'in/x.run.json')).toEqual([]);
    expect(idsFor(set, 'shows/x.run.json')).toEqual(['shows']);
    expect(idsFor(set, 'shows/a/x.run.json')).toEqual([]);
  });
});

describe('a pattern', () => {
  test.each([
    ['customers/{customer}/{show}.mp4', 'customers/acme/news.MP4', { customer: 'acme', show: 'news' }],
    ['{name}.{extension}', 'a.b.mp4', { name: 'a.b', extension: 'mp4' }],
    ['**/{day}-{title}.*', 'x/y/2026-01-02-talk.mov', { day: '2026-01-02', title: 'talk' }],
    ['**/{name}.mp4', 'a.mp4', { name: 'a' }],
    ['in/**/x-{n}', 'in/a/b/x-1', { n: '1' }],
    ['fu\u0308r/{a}', 'f\u00fcr/o\u0308', { a: '\u00f6' }],
  ])('%s names the parts of %s', (pattern, key, parts) => expect(matchPattern(pattern, key)).toEqual(parts));

  test.each([
    ['customers/{customer}/{show}.mp4', 'customers/acme/2026/news.mp4'],
    ['customers/{customer}/{show}.mp4', 'customers//news.mp4'],
    ['{a}', 'in/a'],
    ['*', 'in/a'],
  ])('%s is not the shape of %s', (pattern, key) => expect(matchPattern(pattern, key)).toBeUndefined());

  test('comes to an end with a key that is made to be tried in every way', () => {
    const pattern = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `{${name}}-`).join('');
    expect(matchPattern(`${pattern}x`, '-'.repeat(1000))).toBeUndefined();
  });
});
