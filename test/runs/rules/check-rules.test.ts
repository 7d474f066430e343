import { describe, expect, test } from 'vitest';
import { MosaicError, type MosaicErrorKind } from '../../../shared/mosaic/errors.ts';
import { checkRules } from '../../../shared/runs/rules/check-rules.ts';
import { warnAboutRules } from '../../../shared/runs/rules/warn-about-rules.ts';

const apart = { uploads: 'uploads', deliveries: 'deliveries', deliveriesPrefix: '' };
const together = { uploads: 'media', deliveries: 'media', deliveriesPrefix: 'out/' };

const node = (agentNodeId: string) => ({ agentNodeId, nodeTypeId: 't', nodeTypeName: 'Captions', params: {} });
const agents: Record<string, string[]> = { cut: ['node-1', 'node-2'], empty: [] };

const mosaic = {
  async getAgent(agentId: string) {
    const nodes = agents[agentId];
    if (nodes === undefined) throw new MosaicError('no such agent', { kind: 'not-found', status: 404 });
    return { agentId, name: agentId, description: '', nodes: nodes.map(node), connections: [] };
  },
};

const faultsIn = async (text: string, places = apart) =>
  (await checkRules(text, { places, mosaic })).map(({ line, column, message }) => `${line}:${column} ${message}`);

const written = (...rules: object[]) => JSON.stringify({ rules }, null, 2);

describe('the line and column of a fault', () => {
  test('a syntax error is reported with its line and column', async () => {
    expect(await faultsIn('{\n  "rules": [\n    { "prefix": "" "agentId": "cut" }\n  ]\n}')).toEqual([
      '3:20 a comma is missing before this',
    ]);
    expect(await faultsIn('{ "rules": [] } {}')).toEqual(['1:17 the document should end before this']);
    expect(await faultsIn('{ // mine\n "rules": [] }')).toEqual(['1:3 JSON has no comments; leave this out']);
    expect(await faultsIn('')).toEqual(['1:1 a value is missing here']);
  });

  test('a duplicate field is reported with its line and column', async () => {
    expect(await faultsIn('{ "rules": [\n  { "prefix": "a/", "agentId": "cut",\r\n    "prefix": "b/" } ] }')).toEqual([
      '3:5 "prefix" stands twice in this object; only the second would count',
    ]);
  });

  test('a wrong, unknown or missing field is reported with its line and column', async () => {
    const text = '{ "rules": [\n  { "prefix": 1,\n    "agentId": "cut" },\n  { "prefix": "", "agent": "cut" } ] }';
    expect(await faultsIn(text)).toEqual([
      '2:5 rules.0.prefix should be the start of the keys that it takes, such as "in/", or "" for all',
      '4:19 rules.1.agent is no field that is known here',
    ]);
    expect(await faultsIn('{ "rules": [\n  { "prefix": "" } ] }')).toEqual([
      '2:3 rules.0.agentId is missing; it should be the id of an agent (or "agentIds" a list of some)',
    ]);
  });

  test('an unknown agent or node is reported with its line and column', async () => {
    const text = written(
      { prefix: 'a/', agentId: 'cut', updateParams: { 'node-3': { x: 1 } } },
      { prefix: 'b/', agentIds: ['cut', 'gone'] },
      { prefix: 'c/', agentId: 'empty', updateParams: { any: {} } },
    );
    expect(await faultsIn(text)).toEqual([
      '7:9 rules.0.updateParams.node-3 names a node that agent "cut" does not have; did you mean "node-1"?',
      '16:9 rules.1.agentIds.1 names the agent "gone", which the API does not know',
      '23:9 rules.2.updateParams.any names a node that agent "empty" does not have; it has none',
    ]);
  });

  test('a group member with an unknown node is reported with its line and column', async () => {
    const members = [
      { suffix: '-1.mp4', nodeId: 'node-1' },
      { suffix: '-2.mp4', nodeId: 'xyz' },
    ];
    const [fault] = await faultsIn(written({ prefix: '', agentId: 'cut', start: { groupBy: '{folder}', members } }));
    expect(fault).toMatch(
      /^1\d:\d+ rules\.0\.start\.members\.1\.nodeId names a node .* it has node-1 \(Captions\), node-2/,
    );
  });

  test('an unknown variable is reported with its line and column', async () => {
    const [fault] = await faultsIn(written({ prefix: '', agentId: 'cut', deliver: { key: '{title}.mp4' } }));
    expect(fault).toMatch(/^7:9 rules\.0\.deliver\.key asks for \{title\}, which is not known here\. Known: folder/);
  });
});

describe('a rule with a field that is wrong', () => {
  const bad = { id: 'bad', prefix: 1, agentId: 'cut' };
  const places = (text: string, where = apart) =>
    faultsIn(text, where).then((faults) => faults.map((fault) => /rules[^ ]*|budget/.exec(fault)?.[0]));

  test('a rule with a wrong field does not hide faults of other rules', async () => {
    const rules = [
      ...[bad, { id: 'same', prefix: 'a/', agentId: 'cut' }, { id: 'same', prefix: 'b/', agentId: 'gone' }],
      { id: 'x', after: 'y', agentId: 'cut' },
      ...[
        { id: 'y', after: 'x', agentId: 'cut' },
        { prefix: 'c/', agentId: 'cut', deliver: { key: '{nothing}' } },
      ],
      ...[
        { prefix: 'd/', agentId: 'cut', updateParams: { 'node-9': {} } },
        { prefix: 'out/', agentId: 'cut' },
      ],
    ];
    expect(await places(JSON.stringify({ budget: 1, rules }, null, 1), together)).toEqual([
      ...['budget', 'rules.0.prefix', 'rules.2.id', 'rules.2.agentId', 'rules.3.after', 'rules.4.after'],
      ...['rules.5.deliver.key', 'rules.6.updateParams.node-9', 'rules.7.prefix'],
    ]);
  });

  test('a rule with a wrong field keeps its name and gets no further faults', async () => {
    const nameless = { suffixes: 7, agentId: 'cut' };
    expect(await places(written(bad, { after: 'bad', agentId: 'cut' }, nameless), together)).toEqual([
      'rules.0.prefix',
      'rules.2.suffixes',
    ]);
    expect(await places(written(bad, { id: 'bad', prefix: 'a/', agentId: 'cut' }))).toEqual([
      'rules.0.prefix',
      'rules.1.id',
    ]);
    expect(await places('{ "rules": [null, 7, "x", []] }')).toHaveLength(4);
  });

  test('a rule with a wrong field is reported even if agents cannot be checked', async () => {
    const failing = { getAgent: () => Promise.reject(new MosaicError('not now', { kind: 'network' })) };
    const text = written(bad, { id: 'good', prefix: 'a/', agentId: 'cut' });
    expect(await checkRules(text, { places: apart, mosaic: failing })).toHaveLength(1);
  });
});

test('faults of the document are reported before agents are checked', async () => {
  const never = { getAgent: () => Promise.reject(new Error('asked')) };
  expect(await checkRules(written({ prefix: 1, agentId: 'cut' }), { places: apart, mosaic: never })).toHaveLength(1);
});

test.each<MosaicErrorKind>(['network', 'unauthorised', 'server'])(
  'an API error (%s) is not reported as a fault of the rules',
  async (kind) => {
    const failing = { getAgent: () => Promise.reject(new MosaicError('not now', { kind })) };
    const checked = checkRules(written({ prefix: '', agentId: 'cut' }), { places: apart, mosaic: failing });
    await expect(checked).rejects.toThrow('not now');
  },
);

describe('deliveries in the bucket of the uploads', () => {
  const overlap = async (places: typeof apart, ...rules: object[]) =>
    (await faultsIn(written(...rules.map((rule) => ({ agentId: 'cut', ...rule }))), places)).map(
      (fault) => /rules\.\d+\.\w+/.exec(fault)?.[0],
    );

  test.each<[string, object[], string[]]>([
    ['a rule of everything', [{ prefix: '' }], ['rules.0.prefix']],
    ['a rule that takes the deliveries', [{ prefix: 'in/' }, { prefix: 'out/' }], ['rules.1.prefix']],
    ['a rule that takes more than the deliveries', [{ prefix: 'o' }], ['rules.0.prefix']],
    ['a rule of a folder within them', [{ prefix: 'out/in/' }, { prefix: 'in/' }], ['rules.0.prefix']],
    ['a shape without a beginning', [{ pattern: '{show}/{name}.mp4' }], ['rules.0.pattern']],
    ['a shape in other letters', [{ pattern: 'OUT/{name}.mp4' }], ['rules.0.pattern']],
    ['an exclusion of a part', [{ prefix: '', exclude: ['out/in/**', 'out/*'] }], ['rules.0.prefix']],
  ])('%s is refused', async (_name, rules, expected) => {
    expect(await overlap(together, ...rules)).toEqual(expected);
  });

  test.each<[string, object[]]>([
    ['a prefix of its own', [{ prefix: 'in/' }]],
    ['an exclusion', [{ prefix: '', exclude: ['OUT/**'] }]],
    ['a shape that begins elsewhere', [{ pattern: 'in/{show}/{name}.mp4' }]],
  ])('deliveries in the uploads bucket are accepted with %s', async (_name, rules) => {
    expect(await overlap(together, ...rules)).toEqual([]);
  });

  test('deliveries without a prefix overlap with every rule', async () => {
    const places = { ...together, deliveriesPrefix: '' };
    const rules = [
      { prefix: 'in/', deliver: { key: 'edited/{output}' } },
      { id: 'b', after: 'in/*' },
    ];
    expect(await overlap(places, ...rules)).toEqual(['rules.0.prefix']);
  });

  test('an overlap of deliveries and uploads is reported with its fix', async () => {
    const [fault] = await faultsIn(written({ prefix: '', agentId: 'cut' }), together);
    expect(fault).toContain('leave the deliveries out: "exclude": ["out/**"]');
  });

  test('deliveries in another bucket do not overlap with uploads', async () => {
    expect(await overlap(apart, { prefix: '' })).toEqual([]);
  });
});

describe('a warning', () => {
  const warnings = (document: object) =>
    warnAboutRules(JSON.stringify(document, null, 2)).map(({ message }) => message);

  test('a warning names rules that never take a key', () => {
    const rules = [
      { id: 'all', prefix: 'in/', suffixes: ['.mp4', '.mov'], agentId: 'cut' },
      { id: 'never', prefix: 'in/a/', suffixes: ['-x.MP4'], agentId: 'cut' },
      { id: 'other', prefix: 'in/a/', suffixes: ['.mkv'], agentId: 'cut' },
    ];
    expect(warnings({ rules })).toEqual([expect.stringMatching(/^rules\.1 never takes a key, since "all"/)]);
    expect(warnings({ match: 'all', rules })).toEqual([]);
  });

  test('a warning says that a budget without a rate has no effect', () => {
    const budget = { perDay: 5, currency: 'EUR' };
    const rules = [
      { prefix: 'a/', agentId: 'cut', rate: { perRun: 1 } },
      { prefix: 'b/', agentId: 'cut' },
    ];
    expect(warnings({ budget, rules })).toEqual([expect.stringMatching(/^rules\.1 has no rate/)]);
    expect(warnings({ budget, rate: { perRun: 1 }, rules })).toEqual([]);
  });

  test('a warning says that a delivery key without the run is taken by the first version', () => {
    const rule = (key: string) => ({ prefix: '', agentId: 'cut', deliver: { key } });
    expect(warnings({ rules: [rule('{stem}.{extension}')] })).toEqual([
      expect.stringMatching(/^rules\.0\.deliver\.key/),
    ]);
    expect(warnings({ rules: [rule('{stem}-{output}.{extension}')] })).toEqual([]);
  });

  test('a warning names delivery keys with which one agent’s output replaces another’s', () => {
    const rule = (key: string, agentIds: string[]) => ({ prefix: '', agentIds, deliver: { key, ifExists: 'replace' } });
    expect(warnings({ rules: [rule('{stem}.{extension}', ['wide', 'tall'])] })).toEqual([
      expect.stringContaining('what one of them made replaces what the others did'),
    ]);
    expect(warnings({ rules: [rule('{agent}/{stem}.{extension}', ['wide', 'tall'])] })).toEqual([]);
    expect(warnings({ rules: [rule('{stem}.{extension}', ['wide'])] })).toEqual([]);
  });

  test('a warning names delivery keys with which a second output is not delivered', () => {
    const rules = [{ prefix: '', agentId: 'cut', deliver: { key: '{stem}.{extension}', ifExists: 'fail' } }];
    expect(warnings({ rules })).toEqual([expect.stringContaining('what comes second is not delivered')]);
  });
});
