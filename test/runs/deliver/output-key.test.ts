import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { companionKey, deliveryKey, manifestKey } from '../../../shared/runs/deliver/output-key.ts';
import type { Run } from '../../../shared/runs/run/run.ts';
import { claimedRun } from '../run/example-run.ts';

const keyOf = (key: string, output = { id: 'out-1', nodeId: 'node-1', nodeName: 'Silence Removal' }) =>
  deliveryKey({ ...claimedRun(), id: 'RUN', upload: { bucket: 'uploads', key } }, output, 'mp4');

describe('where an output is delivered', () => {
  test.each([
    ['talk.mov', 'talk/RUN/silence-removal-out-1.mp4'],
    ['in/day.1/talk', 'in/day.1/talk/RUN/silence-removal-out-1.mp4'],
    ['in/.mp4', 'in/.mp4/RUN/silence-removal-out-1.mp4'],
    ['in/a.b.mp4', 'in/a.b/RUN/silence-removal-out-1.mp4'],
  ])('%s → %s', (key, expected) => expect(keyOf(key)).toBe(expected));

  test('a node without a name is called by its id, one without an id "output"', () => {
    expect(keyOf('a.mp4', { id: 'o', nodeId: 'N 1', nodeName: '' })).toBe('a/RUN/n-1-o.mp4');
    expect(keyOf('a.mp4', { id: 'o', nodeId: '', nodeName: '' })).toBe('a/RUN/output-o.mp4');
  });

  test('an id from outside cannot leave its folder or be taken for another', () => {
    const keys = ['../../x', '../../y'].map((id) => keyOf('a.mp4', { id, nodeId: '', nodeName: '' }));
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key).toMatch(/^a\/RUN\/output-[0-9a-f]{32}\.mp4$/);
  });

  test('a key of the longest length is cut, between letters, and keeps its end', () => {
    const key = keyOf(`${'日'.repeat(340)}.mp4`);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
    expect(key).toMatch(/^日+\/RUN\/silence-removal-out-1\.mp4$/);
  });

  test('later manifests get a number', () => {
    const run = { ...claimedRun(), id: 'RUN', upload: { bucket: 'uploads', key: 'a.mp4' } };
    expect([1, 2].map((number) => manifestKey(run, number))).toEqual(['a/RUN/manifest.json', 'a/RUN/manifest-2.json']);
  });
});

describe('where a rule’s template puts an output', () => {
  const outputs = [
    { id: 'out-1', nodeId: 'n1', nodeName: 'Clips' },
    { id: 'out-2', nodeId: 'n1', nodeName: 'Clips' },
    { id: 'out-3', nodeId: 'n2', nodeName: 'Captions' },
  ];
  const runOf = (template: string, more: Partial<Run> = {}): Run =>
    ({
      ...claimedRun('R'.repeat(24)),
      upload: { bucket: 'uploads', key: 'in/Für Anna/talk.one.mov' },
      ...more,
      rule: { ...claimedRun().rule, ...more.rule, deliver: { key: template } },
    }) as Run;
  const keysOf = (run: Run, prefix = '', isTaken = false) =>
    outputs.map((output) => deliveryKey(run, output, 'mp4', { expected: outputs, prefix, isTaken }));

  test('names parts of the key, the run and the output', () => {
    const run = runOf('{folder}/{stem|slug}/{node}-{index}-{output}-{attempt}-{agent}.{extension}');
    expect(keysOf(run, 'edited/')[1]).toBe('edited/in/Für Anna/talk-one/clips-2-out-2-1-agent-1.mp4');
  });

  test('names a group after its first member, whichever of them came first', () => {
    const start = { groupBy: '{folder}', count: 2 };
    const objects = [{ key: 'in/a-cam1.mp4' }, { key: 'in/a-cam2.mp4' }];
    const upload = { bucket: 'uploads', key: 'in/a-cam2.mp4' };
    const run = runOf('{stem}-{output}', { upload, input: { kind: 'objects', objects } });
    const group = { ...run, rule: { ...run.rule, start } };
    expect(keysOf(group)[0]).toBe('a-cam1-out-1');
    expect(manifestKey(group, 1)).toBe(`in/a-cam1/${run.id}/manifest.json`);
    // A manifest is called as it is, whatever it lists.
    const manifest = { ...run, upload: { ...upload, key: 'in/show.run.json' } };
    expect(keysOf(manifest)[0]).toBe('show.run-out-1');
  });

  test('the extension is that of the output, whatever the input’s was', () => {
    const run = runOf('{name}.{extension}', { rule: { ...claimedRun().rule, pattern: '**/{name}.{extension}' } });
    expect(keysOf(run)[0]).toMatch(/^talk\.one-\w{8}\.mp4$/);
  });

  test('two outputs that would meet are told apart, in any order, and others stay as they are', () => {
    const [first, second, third] = keysOf(runOf('x/{node}.{extension}'));
    expect(third).toBe('x/captions.mp4');
    expect(first).toMatch(/^x\/clips-[0-9a-f]{8}\.mp4$/);
    expect(second).toMatch(/^x\/clips-[0-9a-f]{8}\.mp4$/);
    expect(second).not.toBe(first);
    const [one, two, three] = outputs;
    if (!one || !two || !three) throw new Error('There are three outputs.');
    const turned = { expected: [three, two, one] };
    expect(deliveryKey(runOf('x/{node}.{extension}'), one, 'mp4', turned)).toBe(first);
  });

  test('where another run has the name, the run’s own mark is added', () => {
    const [, , output] = outputs;
    if (!output) throw new Error('There are three outputs.');
    const keyOf = (id: string) =>
      deliveryKey({ ...runOf('{node}.{extension}'), id }, output, 'mp4', { expected: outputs, isTaken: true });
    expect(keyOf('A')).toMatch(/^captions-[0-9a-f]{8}\.mp4$/);
    expect(keyOf('B')).not.toBe(keyOf('A'));
  });

  test('what an uploader wrote stays within its folder', () => {
    const run = runOf('customers/{metadata.customer}/{sidecar.title}.{extension}', {
      variables: { metadata: { customer: '../../acme/secret' }, sidecar: { title: '/\u0000..\u202e/' } },
    });
    expect(keysOf(run)[0]).toMatch(/^customers\/\.\.-\.\.-acme-secret\/-\.\.-/);
    const upward = runOf('customers/{metadata.customer}/x-{output}', { variables: { metadata: { customer: '..' } } });
    expect(keysOf(upward)[0]).toBe('customers/x-out-1');
  });

  test('what a template asks for in vain does not lose an output that is paid for', () => {
    expect(keysOf(runOf('{metadata.customer}/{stem}.{extension}'))[0]).toMatch(
      /^in\/Für Anna\/talk\.one\/R+\/clips-out-1\.mp4$/,
    );
    expect(keysOf(runOf('{metadata.empty}', { variables: { metadata: { empty: '' } } }))[0]).toMatch(
      /clips-out-1\.mp4$/,
    );
  });

  test('a long one is cut, keeps its ending, and is still told from others that begin alike', () => {
    const title = '日'.repeat(500);
    const run = runOf('{metadata.title}{output}.{extension}', { variables: { metadata: { title } } });
    const keys = keysOf(run, 'edited/');
    for (const key of keys) {
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
      expect(key).toMatch(/^edited\/日+-[0-9a-f]{16}\.mp4$/);
    }
    expect(new Set(keys).size).toBe(3);
  });

  test('no template and no value makes a key that leaves its place', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '\u0000',
      'a',
      '{metadata.a}',
      '{folder}',
      '{node}',
      '{output}',
      ' ',
      '\u202e',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.constantFrom('/', '..', '\n', 'x', '日')).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), value, value, fc.boolean(), (pieces, a, key, isTaken) => {
        const upload = { bucket: 'uploads', key: `in/${key}` };
        const run = runOf(pieces.join(''), { upload, variables: { metadata: { a } } });
        const keys = keysOf(run, 'edited/', isTaken);
        expect(new Set(keys).size).toBe(keys.length);
        if (keys.some((each) => each.includes(run.id))) return;
        for (const each of keys) {
          expect(each.startsWith('edited/')).toBe(true);
          expect(Buffer.byteLength(each)).toBeLessThanOrEqual(1024);
          expect(each.split('/').some((part) => /^(\.{0,2}|\s*)$/.test(part))).toBe(false);
          expect(/[\p{Cc}\p{Surrogate}\p{Bidi_Control}]/u.test(each)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('manifests stay with the run, within the prefix', () => {
    expect(manifestKey(runOf('x/{output}'), 1, 'edited/')).toBe(
      `edited/in/Für Anna/talk.one/${'R'.repeat(24)}/manifest.json`,
    );
  });
});

describe('what lies beside a video', () => {
  const run: Run = { ...claimedRun(), id: 'RUN' };
  const thumbnail = { id: 'out-1#thumbnail', kind: 'thumbnail', of: 'out-1' } as const;
  const beside = (key: string, video: { extension?: string; isTaken?: boolean } = {}, of: object = {}) =>
    companionKey(run, { ...thumbnail, ...of }, 'jpg', { key, extension: 'mp4', isTaken: false, ...video });

  test.each([
    ['shows/talk.mp4', 'shows/talk.thumbnail.jpg'],
    ['shows/talk', 'shows/talk.thumbnail.jpg'],
    ['shows/v1.2', 'shows/v1.2.thumbnail.jpg'],
    ['shows/talk.mov', 'shows/talk.mov.thumbnail.jpg'],
  ])('of %s is called %s', (key, expected) => expect(beside(key)).toBe(expected));

  test('has a mark of its own where another has the name', () => {
    const key = beside('shows/talk.mp4', { isTaken: true });
    expect(key).toMatch(/^shows\/talk\.thumbnail-[0-9a-f]{8}\.jpg$/);
    expect(beside('shows/talk.mp4', { isTaken: true }, { id: 'out-2#thumbnail' })).not.toBe(key);
  });

  test('is no longer than a key may be', () => {
    const key = beside(`${'日'.repeat(340)}.mp4`);
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
    expect(key).toMatch(/\.jpg$/);
  });
});
