import { describe, expect, test } from 'vitest';
import { deliveryKey, manifestKey } from '../../shared/runs/delivery-key.ts';
import { claimedRun } from './a-run.ts';

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
