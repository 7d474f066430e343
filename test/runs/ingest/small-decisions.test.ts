import { describe, expect, test } from 'vitest';
import { inOrder, missingFrom, placeOf } from '../../../shared/runs/ingest/group.ts';
import { estimateRun } from '../../../shared/runs/rules/estimate.ts';
import { isManifestKey, isSidecarKey } from '../../../shared/runs/run/control-files.ts';
import { cameBefore } from '../../../shared/runs/run/upload.ts';

describe('the order of two events of a key', () => {
  const upload = (sequencer?: string) => ({ bucket: 'b', key: 'k', sequencer });

  test.each([
    ['0055AED6DCD90281E5', '0055AED6DCD90281E6', true],
    ['0055aed6dcd90281e6', '0055AED6DCD90281E5', false],
    // Of unequal length: the shorter one is filled up on the right.
    ['0055', '00550001', true],
    ['0056', '00550001', false],
  ])('%s before %s: %s', (one, two, expected) => {
    expect(cameBefore(upload(one), upload(two))).toBe(expected);
    expect(cameBefore(upload(two), upload(one))).toBe(!expected);
  });

  test('is not known of a repeated event, or without sequencers', () => {
    expect(cameBefore(upload('0055'), upload('005500'))).toBeUndefined();
    expect(cameBefore(upload(), upload('0055'))).toBeUndefined();
  });
});

describe('an estimate', () => {
  test('adds up what the rate names', () => {
    const rate = { perRun: 0.1, perMinute: 0.5, perGigabyte: 0.02 };
    expect(estimateRun(rate, { bytes: 5e9, seconds: 90 })).toBe(0.95);
  });

  test('is not made of what is not known', () => {
    expect(estimateRun({ perRun: 1, perMinute: 0.5 }, { bytes: 1 })).toBeUndefined();
    expect(estimateRun({ perRun: 1, perMinute: 0 }, { bytes: 1 })).toBe(1);
    expect(estimateRun({}, { bytes: 1, seconds: 1 })).toBeUndefined();
  });
});

test('keys beside videos are known by their ending, in any case', () => {
  expect(['a.mp4.tessera.json', 'x/A.MP4.Tessera.JSON'].map(isSidecarKey)).toEqual([true, true]);
  expect(['in/show.run.json', 'SHOW.RUN.JSON', 'in/.run.json', '.run.json', 'in/run.json'].map(isManifestKey)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

describe('a group by endings', () => {
  const start = { groupBy: '{folder}', members: [{ suffix: '.mp4' }, { suffix: '-cam2.mp4' }] };

  test('takes the longest ending that fits', () => {
    expect(placeOf(start, 'in/a-CAM2.MP4')?.suffix).toBe('-cam2.mp4');
    expect(placeOf(start, 'in/a.mp4')?.suffix).toBe('.mp4');
    expect(placeOf(start, 'in/a.mov')).toBeUndefined();
  });

  test('says what is missing, and puts what is there in order', () => {
    expect(missingFrom(start, [{ key: 'a-cam2.mp4' }])).toBe('*.mp4');
    expect(missingFrom(start, [{ key: 'a-cam2.mp4' }, { key: 'a.mp4' }])).toBeUndefined();
    expect(inOrder(start, [{ key: 'a-cam2.mp4' }, { key: 'z.mp4' }]).map(({ key }) => key)).toEqual([
      'z.mp4',
      'a-cam2.mp4',
    ]);
    expect(missingFrom({ groupBy: '{folder}', count: 3 }, [{ key: 'a' }])).toBe('2 of 3 files');
  });
});
