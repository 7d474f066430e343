import { describe, expect, test } from 'vitest';
import { InvalidSettings, readStage } from '../../infra/config.ts';
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

test('a fresh clone has a stage that can be synthesized without changes', () => {
  expect(readStage(context.tessera, context.stage)).toMatchObject({ name: 'dev', engine: 'self-hosted', slots: 10 });
});

test('a stage’s settings override the defaults', () => {
  expect(stageWith({ slots: 3 })).toMatchObject({ slots: 3, reconcileMinutes: 5 });
});

test('a stage that is not listed is refused, so that a typing error does not deploy a second product', () => {
  expect(() => readStage(context.tessera, 'prdo')).toThrow(
    'There is no stage "prdo" (known: dev). Add "prdo": {} to context.tessera.stages in cdk.json, or use another name.',
  );
});

test('without a cdk.json the error says how to synthesize the stacks', () => {
  expect(() => readStage(undefined, 'dev')).toThrow('npm run deploy -- <stage>');
});

test('all faults of a stage are listed together, each with its correction', () => {
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
      'colour is not a setting; known are engine, mosaicApiUrl, rules, uploadsBuck',
      'engine must be "self-hosted" or "mosaic"; it is "mosiac"',
      'logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, ',
      'mosaicApiUrl must be the https address of the Mosaic API, such as "https://',
      'renderLimitSeconds must be a whole number from 30 to 840; it is 900',
      'rules.rules[0].agentId is missing; it should be the id of an agent (or "age',
      'rules.rules[1].sufixes is no field that is known here; did you mean "suffix',
      'slots must be a whole number from 1 to 1000; it is "ten"',
    ].sort(),
  );
});

test('a setting that is in neither the stage nor the defaults is reported as missing', () => {
  expect(faultsOf(() => readStage({ stages: { dev: {} } }, 'dev'))).toContain(
    'slots is missing; it must be a whole number from 1 to 1000',
  );
});

test('a stage name that AWS would refuse in a stack’s name is refused', () => {
  expect(faultsOf(() => stageWith({}, 'My_Stage'))[1]).toContain(
    'must be 1 to 20 lower-case letters, digits and hyphens',
  );
});

describe('rules', () => {
  const twice = { prefix: 'a/', agentId: 'agent-1' };

  test('rules that are too large for a function’s settings are refused, and the error says what to do', () => {
    const rules = Array.from({ length: 60 }, (_, index) => ({ prefix: `folder-${index}/`, agentId: `agent-${index}` }));
    expect(faultsOf(() => stageWith({ rules: { rules } }))[1]).toMatch(
      /^rules are \d+ bytes as JSON; no more than 2500 .*rules apply rules\.json/,
    );
  });

  test('faults in the rules of cdk.json are described as by rules apply, with their path', () => {
    expect(faultsOf(() => stageWith({ rules: { rules: [twice, twice, { prefix: 'b/' }] } })).slice(1)).toEqual([
      expect.stringMatching(/^rules\.rules\[2\]\.agentId is missing/),
      'rules.rules[1] makes it two of them that are called "a/*"; give each its own id',
    ]);
    expect(faultsOf(() => stageWith({ rules: [] }))[1]).toMatch(/^rules should be an object/);
  });

  test('the rules of cdk.json are kept exactly as written', () => {
    const rules = { $schema: 'rules.schema.json', match: 'all', rules: [{ ...twice, deadlineMinutes: 90 }] };
    expect(stageWith({ rules }).rules).toEqual(rules);
  });
});

describe('existing buckets', () => {
  const rulesOf = (...rules: object[]) => ({ rules: { rules: rules.map((rule) => ({ agentId: 'a', ...rule })) } });
  const oneBucket = { uploadsBucket: 'footage', deliveriesBucket: 'footage' };
  const apart = { ...oneBucket, deliveriesPrefix: 'edited/' };

  test('uploads and deliveries in one bucket need folders that do not overlap', () => {
    expect(stageWith({ ...apart, ...rulesOf({ prefix: 'raw/' }) })).toMatchObject(apart);
    expect(faultsOf(() => stageWith(oneBucket))[1]).toMatch(/^uploadsBucket and deliveriesBucket are both "footage"/);
    for (const prefix of ['', 'edit', 'edited/', 'edited/again/'])
      expect(faultsOf(() => stageWith({ ...apart, ...rulesOf({ prefix }) })).slice(1)).toEqual([
        expect.stringMatching(/^rules.* keys (under|of any name).* the same bucket/),
      ]);
  });

  test('Unicode forms of the same letter count as one folder', () => {
    const nfd = 'überarbeitet/'.normalize('NFD');
    const settings = { ...oneBucket, deliveriesPrefix: 'überarbeitet/'.normalize('NFC'), ...rulesOf({ prefix: nfd }) };
    expect(faultsOf(() => stageWith(settings))).toHaveLength(2);
  });

  test('the folder of a rule with a pattern is the part before its first placeholder', () => {
    expect(stageWith({ ...apart, ...rulesOf({ pattern: 'raw/{name}.mp4' }) })).toMatchObject(apart);
    expect(faultsOf(() => stageWith({ ...apart, ...rulesOf({ pattern: '{folder}/{name}.mp4' }) }))).toHaveLength(2);
  });

  test('folders in different buckets cannot overlap', () => {
    const settings = { uploadsBucket: 'footage', deliveriesBucket: 'results', ...rulesOf({ prefix: '' }) };
    expect(stageWith(settings)).toMatchObject({ uploadsBucket: 'footage', deliveriesPrefix: '' });
  });

  test('invalid bucket names, keys and folders are refused, and so is a key without its bucket', () => {
    const faults = faultsOf(() =>
      stageWith({
        uploadsBucket: 's3://footage',
        uploadsKeyArn: 'alias/footage',
        deliveriesKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/x',
        deliveriesPrefix: '/edited',
      }),
    );
    expect(
      faults
        .slice(1)
        .map((fault) => fault.slice(0, 60))
        .sort(),
    ).toEqual([
      'deliveriesPrefix must be a folder of at most 200 characters ',
      'uploadsBucket must be the name of a bucket, without "s3://" ',
      'uploadsKeyArn must be the ARN of a KMS key, "arn:aws:kms:…:k',
    ]);
    const lone = { uploadsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/x' };
    expect(faultsOf(() => stageWith(lone))[1]).toMatch(
      /^uploadsKeyArn is the key of an existing bucket: name the bucket in/,
    );
  });
});

test('a link to an upload lives at most an hour, like its signer’s credentials', () => {
  expect(faultsOf(() => stageWith({ uploadLinkSeconds: 7200 }))[1]).toContain('from 900 to 3600');
});

test('with hosted Mosaic an unanswered start waits long enough that it cannot be paid for twice', () => {
  const short = { engine: 'mosaic', uncertainWaitSeconds: 300 };
  expect(faultsOf(() => stageWith(short))[1]).toBe(
    'uncertainWaitSeconds must be at least 600 with "engine": "mosaic"; it is 300',
  );
  expect(stageWith({ ...short, engine: 'self-hosted' }).uncertainWaitSeconds).toBe(300);
});
