import { describe, expect, test } from 'vitest';
import { InvalidSettings, readStage } from '../../infra/config.ts';
import { parseRules } from '../../shared/runs/rules/parse-rules.ts';
import { context } from './synthesize.ts';

const stageWith = (own: Record<string, unknown>, name = 'dev') =>
  readStage({ ...context.tessera, stages: { [name]: own } }, name);

const faultsOf = (read: () => unknown): string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof InvalidSettings) return error.message.split('\n').map((line) => line.replace(/^ {2}- /, ''));
  }
  throw new Error('the settings were accepted');
};

test('a fresh clone has a stage that can be synthesized as it is', () => {
  expect(readStage(context.tessera, context.stage)).toMatchObject({ name: 'dev', engine: 'self-hosted', slots: 10 });
});

test('a stage’s own settings lie on top of the defaults', () => {
  expect(stageWith({ slots: 3 })).toMatchObject({ slots: 3, reconcileMinutes: 5 });
});

test('a stage that is not listed is refused, so that a slip does not deploy a second product', () => {
  expect(() => readStage(context.tessera, 'prdo')).toThrow(
    'There is no stage "prdo" (known: dev). Add "prdo": {} to context.tessera.stages in cdk.json, or name another.',
  );
});

test('without a cdk.json it is said how the stacks are started', () => {
  expect(() => readStage(undefined, 'dev')).toThrow('npm run deploy -- <stage>');
});

test('all faults are named at once, each with what would be right', () => {
  const faults = faultsOf(() =>
    stageWith({
      engine: 'mosiac',
      slots: 'ten',
      mosaicApiUrl: 'http://api.mosaic.so',
      renderLimitSeconds: 900,
      logRetentionDays: 4,
      alarmEmail: 'nobody',
      colour: 'red',
      rules: { rules: [{ prefix: 'a/' }, { prefix: 'b/', agentId: 'agent-1', sufixes: ['.mp4'] }] },
    }),
  );
  expect(faults.shift()).toContain('context.tessera.stages.dev');
  expect(faults.map((fault) => fault.slice(0, 75)).sort()).toEqual(
    [
      'alarmEmail must be an e-mail address; it is "nobody"',
      'colour is not a setting; known are engine, mosaicApiUrl, rules, slots, uplo',
      'engine must be "self-hosted" or "mosaic"; it is "mosiac"',
      'logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, ',
      'mosaicApiUrl must be the https address of the Mosaic API, such as "https://',
      'renderLimitSeconds must be a whole number from 30 to 840; it is 900',
      'rules.rules[0].agentId is missing; it must be the id of the agent that edit',
      'slots must be a whole number from 1 to 1000; it is "ten"',
      'sufixes is not a setting of rules.rules[1]',
    ].sort(),
  );
});

test('a setting that neither the stage nor the defaults have is missing', () => {
  expect(faultsOf(() => readStage({ stages: { dev: {} } }, 'dev'))).toContain(
    'slots is missing; it must be a whole number from 1 to 1000',
  );
});

test('a name that AWS would refuse in a stack’s name is refused here', () => {
  expect(faultsOf(() => stageWith({}, 'My_Stage'))[1]).toContain('must be 1 to 20 small letters, digits and hyphens');
});

describe('rules', () => {
  const twice = { prefix: 'a/', agentId: 'agent-1' };

  test('what does not fit into a function’s settings is refused before AWS refuses it', () => {
    const rules = Array.from({ length: 60 }, (_, index) => ({ prefix: `folder-${index}/`, agentId: `agent-${index}` }));
    expect(faultsOf(() => stageWith({ rules: { rules } }))[1]).toMatch(
      /^rules are \d+ bytes as JSON; no more than 2500/,
    );
  });

  test('two of one name are refused', () => {
    expect(faultsOf(() => stageWith({ rules: { rules: [twice, twice] } }))[1]).toBe(
      'rules have two rules called "a/*"; give each its own id',
    );
  });

  // Infra has its own reader, to say what to do in cdk.json; it must not let through what start-run would refuse.
  test.each([
    ['the smallest', { prefix: '', agentId: 'agent-1' }],
    [
      'one with everything',
      { id: 'x', prefix: 'a/', suffixes: ['.mp4'], agentId: 'b', updateParams: { n: { p: 1 } }, priority: 9 },
    ],
    ['an unknown priority', { ...twice, priority: 10 }],
    ['an empty list of endings', { ...twice, suffixes: [] }],
    ['an unknown field', { ...twice, agent: 'b' }],
    ['no agent', { prefix: 'a/' }],
    ['a prefix that is no text', { prefix: 1, agentId: 'b' }],
    ['an empty name', { ...twice, id: '' }],
  ])('%s is taken or refused here as start-run does it', (_, rule) => {
    const document = { rules: [rule] };
    const accepted = (read: () => unknown): boolean => {
      try {
        read();
        return true;
      } catch {
        return false;
      }
    };
    expect(accepted(() => stageWith({ rules: document }))).toBe(accepted(() => parseRules(document)));
  });
});

test('with hosted Mosaic a start without an answer is waited for long enough that it cannot be paid twice', () => {
  const short = { engine: 'mosaic', uncertainWaitSeconds: 300 };
  expect(faultsOf(() => stageWith(short))[1]).toBe(
    'uncertainWaitSeconds must be at least 600 with "engine": "mosaic"; it is 300',
  );
  expect(stageWith({ ...short, engine: 'self-hosted' }).uncertainWaitSeconds).toBe(300);
});
