import fc from 'fast-check';
import type { RuleDocument, WrittenRule } from '../../../shared/runs/rules/document.ts';

const name = fc.stringMatching(/^[a-z]{1,8}$/);
const folder = fc.stringMatching(/^([a-zäöü]{1,3}\/){0,3}$/);

const rule: fc.Arbitrary<WrittenRule> = fc.record(
  {
    prefix: folder,
    agentIds: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    suffixes: fc.array(fc.constantFrom('.mp4', '.MOV', 'ü.mkv'), { minLength: 1, maxLength: 2 }),
    exclude: fc.array(fc.constantFrom('**/drafts/*', '*.tmp.mp4'), { minLength: 1, maxLength: 2 }),
    priority: fc.integer({ min: 0, max: 9 }),
    gatherMinutes: fc.integer({ min: 1, max: 1440 }),
    data: fc.dictionary(name, fc.jsonValue() as fc.Arbitrary<never>),
    updateParams: fc.dictionary(name, fc.dictionary(name, fc.oneof(fc.integer(), fc.constant('{stem}')))),
  },
  { requiredKeys: ['prefix', 'agentIds'] },
);

/** Documents that can be used. */
export const aDocument: fc.Arbitrary<RuleDocument> = fc
  .record({ match: fc.constantFrom('first' as const, 'all' as const), rules: fc.array(rule, { maxLength: 5 }) })
  // As a file would hold it: there is no -0 in JSON.
  .map((document) => JSON.parse(JSON.stringify(document)) as RuleDocument)
  .map(({ match, rules }) => ({ match, rules: rules.map((each, index) => ({ ...each, id: `rule-${index}` })) }));
