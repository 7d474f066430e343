import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPattern } from '../../../shared/runs/rules/key-pattern.ts';
import { matchRules, rulesFor } from '../../../shared/runs/rules/match-rules.ts';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { aDocument } from './example-document.ts';

const setOf = (...rules: object[]) => parseRules({ rules: rules.map((rule) => ({ agentId: 'a', ...rule })) });
const idsFor = (set: ReturnType<typeof setOf>, key: string) => rulesFor(set, key).map(({ id }) => id);

describe('matching a key', () => {
  test('the first matching rule takes a key', () => {
    const set = setOf({ id: 'urgent', prefix: 'in/urgent/' }, { id: 'calm', prefix: 'in/' });
    expect(idsFor(set, 'in/urgent/a.mp4')).toEqual(['urgent']);
    expect(idsFor(set, 'in/a.mp4')).toEqual(['calm']);
    expect(idsFor(set, 'out/a.mp4')).toEqual([]);
  });

  test('every matching rule takes a key if match is "all", and all agents of a rule always do', () => {
    const rules = [
      { id: 'x', prefix: 'in/', agentIds: ['a', 'b'] },
      { id: 'y', prefix: '', agentId: 'c' },
    ];
    expect(idsFor(parseRules({ rules }), 'in/a.mp4')).toEqual(['x@a', 'x@b']);
    expect(idsFor(parseRules({ match: 'all', rules }), 'in/a.mp4')).toEqual(['x@a', 'x@b', 'y']);
  });

  test('a prefix is case-sensitive, a suffix is not', () => {
    const set = setOf({ prefix: 'In/', suffixes: ['.mov'] });
    expect(idsFor(set, 'In/IMG_0001.MOV')).toHaveLength(1);
    expect(idsFor(set, 'in/IMG_0001.MOV')).toEqual([]);
    expect(idsFor(set, 'In/notes.txt')).toEqual([]);
  });

  test('a decomposed name from macOS matches the composed name', () => {
    const set = setOf({ prefix: 'f\u00fcr/', suffixes: ['-\u00e4.mp4'], exclude: ['**/\u00f6*'] });
    expect(idsFor(set, 'fu\u0308r/a-A\u0308.mp4')).toHaveLength(1);
    expect(idsFor(set, 'fu\u0308r/o\u0308-\u00e4.mp4')).toEqual([]);
  });

  test('an excluded key is not taken', () => {
    const set = setOf({ prefix: '', exclude: ['**/drafts/*', '*.tmp.mp4'] });
    expect(idsFor(set, 'drafts/a.mp4')).toEqual([]);
    expect(idsFor(set, 'shows/DRAFTS/a.mp4')).toEqual([]);
    expect(idsFor(set, 'shows/drafts/old/a.mp4')).toHaveLength(1);
    expect(idsFor(set, 'mydrafts/a.mp4')).toHaveLength(1);
    expect(idsFor(set, 'a.tmp.mp4')).toEqual([]);
    expect(idsFor(set, 'in/a.tmp.mp4')).toHaveLength(1);
  });

  test('every rule gives the reason why it does not take a key', () => {
    const set = setOf({ id: 'a', prefix: 'x/' }, { id: 'b', prefix: '', suffixes: ['.mp4'] }, { id: 'c', prefix: '' });
    expect(matchRules(set, 'a.mp4').map(({ takes, because }) => [takes, because])).toEqual([
      [false, 'the key does not begin with "x/"'],
      [true, 'the key has one of the endings'],
      [false, 'it matches, but "b" stands before it and takes the key'],
    ]);
  });

  test('match "first" takes the first rule of match "all", with its other agents', () => {
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

describe('matching a manifest', () => {
  const customers = {
    ...{ id: 'customers', pattern: 'customers/{customer}/{show}/{title}.*', suffixes: ['.mp4'] },
    exclude: ['**/drafts/**'],
  };
  const rest = { id: 'rest', prefix: '' };
  const cuts = { id: 'cut-lists', prefix: 'cuts/', start: 'manifest' };
  const all = (...rules: object[]) => ({ ...setOf(...rules), match: 'all' as const });

  test('a rule with a pattern takes only manifests in the folders of its videos', () => {
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

  test('a rule only for manifests wins over all other rules in any order', () => {
    for (const rulesOf of [setOf, all]) {
      expect(idsFor(rulesOf(rest, cuts), 'cuts/monday.run.json')).toEqual(['cut-lists']);
      expect(idsFor(rulesOf(rest, cuts), 'cuts/monday.mp4')).toContain('rest');
      expect(idsFor(rulesOf(rest, cuts), 'in/monday.run.json')).toEqual(['rest']);
    }
    expect(matchRules(setOf(rest, cuts), 'cuts/monday.run.json')[0]?.because).toBe(
      'it matches, but "cut-lists" is for manifests alone',
    );
  });

  test('a rule with suffixes takes manifests only if it has a prefix', () => {
    expect(idsFor(setOf({ id: 'a', prefix: '', suffixes: ['.mxf'] }), 'in/x.run.json')).toEqual([]);
    expect(idsFor(setOf({ id: 'a', prefix: 'in/', suffixes: ['.mxf'] }), 'in/x.run.json')).toEqual(['a']);
  });

  test('a rule that names manifests in its suffixes or pattern takes exactly those', () => {
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
  ])('the pattern %s names the parts of %s', (pattern, key, parts) =>
    expect(matchPattern(pattern, key)).toEqual(parts),
  );

  test.each([
    ['customers/{customer}/{show}.mp4', 'customers/acme/2026/news.mp4'],
    ['customers/{customer}/{show}.mp4', 'customers//news.mp4'],
    ['{a}', 'in/a'],
    ['*', 'in/a'],
  ])('the pattern %s does not match %s', (pattern, key) => expect(matchPattern(pattern, key)).toBeUndefined());

  test('matching a pattern stays fast for a hostile key', () => {
    const pattern = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `{${name}}-`).join('');
    expect(matchPattern(`${pattern}x`, '-'.repeat(1000))).toBeUndefined();
  });
});
