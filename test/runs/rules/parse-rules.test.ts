import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRules } from '../../../shared/runs/rules/parse-rules.ts';
import { aDocument } from './example-document.ts';

const many = Array.from({ length: 300 }, (_, index) => `.ending-${index}`);
const rulesOf = (...rules: object[]) => parseRules({ rules }).rules;

describe('the rule document', () => {
  test('a document of an older version is still valid', () => {
    const document = { rules: [{ prefix: 'in/', suffixes: ['.mp4'], agentId: 'a', updateParams: { n: { x: 1 } } }] };
    expect(parseRules(document)).toEqual({
      match: 'first',
      maxRunsPerHour: 1000,
      maxHops: 3,
      version: 0,
      rules: [
        { id: 'in/*.mp4', prefix: 'in/', suffixes: ['.mp4'], agentId: 'a', updateParams: { n: { x: 1 } }, priority: 5 },
      ],
    });
  });

  test('a rule keeps its delivery settings', () => {
    const deliver = { storageClass: 'STANDARD_IA', ifExists: 'replace', beside: [] } as const;
    expect(rulesOf({ prefix: '', agentId: 'a', deliver })[0]?.deliver).toEqual(deliver);
  });

  test('a rule’s id does not depend on its position', () => {
    const [alone] = rulesOf({ prefix: 'b/', agentId: 'x' });
    const [, second] = rulesOf({ prefix: 'a/', agentId: 'y' }, { prefix: 'b/', agentId: 'x' });
    expect(second?.id).toBe(alone?.id);
  });

  test('a rule with several agents becomes one rule for each', () => {
    const rules = rulesOf({ id: 'shows', prefix: '', agentIds: ['a', 'b'] });
    expect(rules).toMatchObject([
      { id: 'shows@a', of: 'shows', agentId: 'a' },
      { id: 'shows@b', of: 'shows', agentId: 'b' },
    ]);
    expect(rulesOf({ id: 'shows', prefix: '', agentIds: ['a'] })[0]?.id).toBe('shows@a');
  });

  test('minutes become seconds, and the document’s rate applies to each rule', () => {
    const { rules } = parseRules({
      rate: { perRun: 2 },
      rules: [
        { prefix: 'a/', agentId: 'a', gatherMinutes: 5, deadlineMinutes: 60 },
        { prefix: 'b/', agentId: 'a', rate: { perRun: 1 } },
      ],
    });
    expect(rules).toMatchObject([
      { gatherSeconds: 300, deadlineSeconds: 3600, rate: { perRun: 2 } },
      { rate: { perRun: 1 } },
    ]);
  });

  test.each([
    [
      'an unknown key',
      { prefix: 'in/', agentId: 'a', sufixes: ['.mp4'] },
      /rules\.0\.sufixes .*did you mean "suffixes"/,
    ],
    ['no agent', { prefix: 'in/' }, /rules\.0\.agentId is missing/],
    ['an agent and agents', { prefix: 'in/', agentId: 'a', agentIds: ['b'] }, /rules\.0\.agentIds .*keep one/],
    [
      'a node for some members only',
      {
        prefix: 'in/',
        agentId: 'a',
        start: { groupBy: '{folder}', members: [{ suffix: '1.mp4', nodeId: 'n' }, { suffix: '2.mp4' }] },
      },
      /rules\.0\.start\.members name a "nodeId" for some/,
    ],
    ['an agent twice', { prefix: 'in/', agentIds: ['b', 'b'] }, /rules\.0\.agentIds\.1 is in the list already/],
    ['no prefix', { agentId: 'a' }, /rules\.0\.prefix is missing; it should be the start of the keys/],
    ['a priority beyond 9', { prefix: 'in/', agentId: 'a', priority: 10 }, /rules\.0\.priority should be .* 0 to 9/],
    ['a name too long', { prefix: 'in/', agentId: 'a', suffixes: many }, /give it an id/],
    ['uploads after a rule', { after: 'x', agentId: 'a', suffixes: ['.mp4'] }, /rules\.0\.suffixes is about uploads/],
    ['two parts of a name', { pattern: '{a}/{a}', agentId: 'a' }, /rules\.0\.pattern names two parts "a"/],
    ['a part that means more', { pattern: '{run}', agentId: 'a' }, /rules\.0\.pattern names a part "run"/],
    ['a brace left open', { pattern: 'in/{show', agentId: 'a' }, /rules\.0\.pattern has a brace/],
    ['endless wildcards', { pattern: '{a}*'.repeat(11), agentId: 'a' }, /rules\.0\.pattern has more than 20/],
    [
      'bounds crossed',
      { prefix: '', agentId: 'a', filter: { minSeconds: 9, maxSeconds: 3 } },
      /filter\.maxSeconds is less/,
    ],
    ['a group without end', { prefix: '', agentId: 'a', start: { groupBy: '{folder}' } }, /"count" or "members"/],
    [
      'an unknown container',
      { prefix: '', agentId: 'a', filter: { containers: ['exe'] } },
      /containers\.0 should be one of mp4/,
    ],
    ['a key that leaves', { prefix: '', agentId: 'a', deliver: { key: '../{stem}' } }, /deliver\.key should begin/],
    [
      'a storage class that must be restored first',
      { prefix: '', agentId: 'a', deliver: { storageClass: 'DEEP_ARCHIVE' } },
      /deliver\.storageClass should be one of STANDARD/,
    ],
    [
      'another way with names that are taken',
      { prefix: '', agentId: 'a', deliver: { ifExists: 'overwrite' } },
      /deliver\.ifExists should be "rename"/,
    ],
    [
      'something beside videos that no agent makes',
      { prefix: '', agentId: 'a', deliver: { beside: ['poster'] } },
      /deliver\.beside\.0 should be "thumbnail"/,
    ],
    [
      'an eleventh tag',
      { prefix: '', agentId: 'a', deliver: { tags: elevenTags() } },
      /deliver\.tags has more than the 10/,
    ],
    [
      'a mark of ours',
      { prefix: '', agentId: 'a', deliver: { metadata: { 'tessera-run-id': 'x' } } },
      /written on every output/,
    ],
    [
      'an unknown variable',
      { prefix: '', agentId: 'a', deliver: { key: '{foldr}/x' } },
      /deliver\.key asks for \{foldr\}.*mean \{folder\}/,
    ],
    [
      'a variable too early',
      { prefix: '', agentId: 'a', updateParams: { n: { t: '{run}' } } },
      /updateParams\.n\.t asks for \{run\}/,
    ],
    ['a whole object', { prefix: '', agentId: 'a', updateParams: { n: { t: '{sidecar}' } } }, /should name a field/],
    ['a receiver without TLS', told('http://example.com/x'), /notify\.0\.url should be a URL that begins with https/],
    ['a receiver with a password', told('https://me:pw@example.com/x'), /notify\.0\.url .* without a user name/],
    ['a receiver twice', told('https://a.example/x', 'https://a.example/x'), /notify\.1\.url is in the list already/],
    ['an eleventh receiver', told(...elevenUrls()), /notify should be at most 10 URLs/],
    [
      'an event that there is not',
      { prefix: '', agentId: 'a', notify: [{ url: 'https://a.example', events: ['Run Done'] }] },
      /notify\.0\.events\.0 should be one of "Run Started"/,
    ],
    [
      'an open template',
      { prefix: '', agentId: 'a', deliver: { tags: { a: '{stem' } } },
      /deliver\.tags\.a cannot be filled in/,
    ],
  ])('a rule with %s is refused with the reason', (_name, rule, words) => {
    expect(() => rulesOf(rule)).toThrow(words);
  });

  test('all faults are reported at once', () => {
    const faulty = () => rulesOf({ prefix: 'in/' }, { prefix: 'x/', agentId: 'a', deliver: { key: '{nothing}' } });
    expect(faulty).toThrow(/rules\.0\.agentId.*rules\.1\.deliver\.key/);
  });

  test('two rules with the same id are refused', () => {
    expect(() => rulesOf({ prefix: 'in/', agentId: 'a' }, { prefix: 'in/', agentId: 'b' })).toThrow(
      'two of them that are called "in/*"',
    );
  });

  test('a printed document parses to the same rules', () => {
    fc.assert(
      fc.property(aDocument, (document) => {
        expect(parseRules(JSON.parse(JSON.stringify(document)))).toEqual(parseRules(document));
      }),
    );
  });
});

describe('rules after others', () => {
  const agents = (count: number) => Array.from({ length: count }, (_, n) => `agent-${n}`);
  const chain = (...rules: object[]) => rulesOf({ id: 'a', prefix: '', agentId: 'x' }, ...rules);

  test('rules after another are in its next', () => {
    const rules = chain({ id: 'b', after: 'a', agentId: 'y' }, { id: 'c', after: 'b', agentIds: ['z', 'w'] });
    expect(rules).toMatchObject([{ id: 'a', next: [{ id: 'b', next: [{ id: 'c@z' }, { id: 'c@w' }] }] }]);
    expect(rules).toHaveLength(1);
  });

  test.each([
    ['after itself', [{ id: 'b', after: 'b', agentId: 'y' }], /rules\.1\.after makes a loop: b after b/],
    [
      'after one another',
      [
        { id: 'b', after: 'c', agentId: 'y' },
        { id: 'c', after: 'b', agentId: 'y' },
      ],
      /rules\.1\.after makes a loop: b after c after b.*rules\.2\.after makes a loop/,
    ],
    [
      'behind a loop',
      [
        { id: 'b', after: 'c', agentId: 'y' },
        { id: 'c', after: 'b', agentId: 'y' },
        { id: 'd', after: 'b', agentId: 'y' },
      ],
      /rules\.3\.after makes a chain .*never ends/,
    ],
    ['after nothing', [{ id: 'polish', after: 'aa', agentId: 'y' }], /rules\.1\.after names "aa".*did you mean "a"/],
    [
      'too many',
      ['b', 'c', 'd', 'e'].map((id, n) => ({ id, after: n === 0 ? 'a' : 'b', agentIds: agents(n === 0 ? 13 : 1) })),
      /rules\.0 starts 52 more runs/,
    ],
    [
      'too many at once',
      Array.from({ length: 17 }, (_, n) => ({ id: `n${n}`, after: 'a', agentId: 'y' })),
      /rules\.0 is followed by 17 runs at once/,
    ],
    [
      'too long ones',
      [{ id: 'b', after: 'a', agentIds: agents(12), data: { long: 'x'.repeat(9000) } }],
      /rules\.0 has more than 100 KB/,
    ],
  ])('rules after others are refused: %s', (_name, rules, words) => {
    expect(() => chain(...rules)).toThrow(words);
  });
});

const told = (...urls: string[]) => ({ prefix: '', agentId: 'a', notify: urls.map((url) => ({ url })) });
const elevenUrls = () => Array.from({ length: 11 }, (_, index) => `https://a.example/${index}`);
function elevenTags(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`tag${index}`, 'x']));
}
