import { describe, expect, test } from 'vitest';
import { parseRules, ruleFor } from '../../shared/runs/rules.ts';

const many = Array.from({ length: 300 }, (_, index) => `.ending-${index}`);
const rulesOf = (...rules: object[]) => parseRules({ rules });

describe('rules', () => {
  test('the first that matches decides', () => {
    const rules = rulesOf({ prefix: 'in/urgent/', agentId: 'fast' }, { prefix: 'in/', agentId: 'calm' });
    expect(ruleFor(rules, 'in/urgent/a.mp4')?.agentId).toBe('fast');
    expect(ruleFor(rules, 'in/a.mp4')?.agentId).toBe('calm');
    expect(ruleFor(rules, 'out/a.mp4')).toBeUndefined();
  });

  test('suffixes do not care for case', () => {
    const rules = rulesOf({ prefix: '', suffixes: ['.mov'], agentId: 'agent' });
    expect(ruleFor(rules, 'IMG_0001.MOV')).toBeDefined();
    expect(ruleFor(rules, 'notes.txt')).toBeUndefined();
  });

  test('a name that macOS wrote in parts matches the same name written whole', () => {
    const rules = rulesOf({ prefix: 'f\u00fcr/', agentId: 'agent' });
    expect(ruleFor(rules, 'fu\u0308r/a.mp4')).toBeDefined();
  });

  test('an id does not depend on the place in the document', () => {
    const [alone] = rulesOf({ prefix: 'b/', agentId: 'x' });
    const [, second] = rulesOf({ prefix: 'a/', agentId: 'y' }, { prefix: 'b/', agentId: 'x' });
    expect(second?.id).toBe(alone?.id);
  });

  test.each([
    ['an unknown key', { prefix: 'in/', agentId: 'a', sufixes: ['.mp4'] }, /rules\.0.*sufixes/],
    ['no agent', { prefix: 'in/' }, /rules\.0\.agentId/],
    ['a priority beyond 9', { prefix: 'in/', agentId: 'a', priority: 10 }, /rules\.0\.priority/],
    ['no id of its own and endings without end', { prefix: 'in/', agentId: 'a', suffixes: many }, /give it an id/],
  ])('%s is refused and named', (_name, rule, words) => {
    expect(() => rulesOf(rule)).toThrow(words);
  });

  test('two of the same name are refused', () => {
    expect(() => rulesOf({ prefix: 'in/', agentId: 'a' }, { prefix: 'in/', agentId: 'b' })).toThrow(
      'two of them are called "in/*"',
    );
  });
});
