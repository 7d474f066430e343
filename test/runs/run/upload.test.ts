import { describe, expect, test } from 'vitest';
import type { ObjectHead } from '../../../shared/platform/ports.ts';
import { ignoredBecause, maxUploadBytes, rejectedBecause, uploadIdentity } from '../../../shared/runs/run/upload.ts';

const upload = (key: string) => ({ bucket: 'uploads', key, versionId: 'v1', etag: 'e1', size: 5 });
const head = (change: Partial<ObjectHead> = {}): ObjectHead => ({
  key: 'a.mp4',
  size: 5,
  etag: 'e1',
  versionId: 'v1',
  metadata: {},
  lastModified: new Date(0),
  ...change,
});

describe('an upload', () => {
  test.each(['folder/', 'a/.DS_Store', 'a/._clip.mov', '~$notes.docx', 'clip.mp4.part', 'c.FILEPART', 'v.crdownload'])(
    '%s is ignored',
    (key) => expect(ignoredBecause(upload(key))).toBeDefined(),
  );

  test.each(['a b/+%41 é 日本.mp4', 'party.mov', '.hidden/clip.mp4', 'noextension'])('%s is not', (key) =>
    expect(ignoredBecause(upload(key))).toBeUndefined(),
  );

  test('is one version of one key: a repeated event is the same, a rewrite is another', () => {
    expect(uploadIdentity(upload('a'))).toBe(uploadIdentity({ ...upload('a'), size: undefined }));
    expect(uploadIdentity(upload('a'))).not.toBe(uploadIdentity({ ...upload('a'), versionId: 'v2' }));
  });

  test('of a bucket without versions is told apart by its content', () => {
    const unversioned = { ...upload('a'), versionId: 'null' };
    expect(uploadIdentity(unversioned)).not.toBe(uploadIdentity({ ...unversioned, etag: 'e2' }));
  });

  test.each([
    ['gone', undefined, 'deleted'],
    ['empty', head({ size: 0 }), 'empty'],
    ['too large', head({ size: maxUploadBytes + 1 }), '5 GiB'],
  ])('that is %s is rejected in plain words', (_name, found, words) => {
    expect(rejectedBecause(upload('a.mp4'), found)).toContain(words);
  });

  test('as large as the API allows is taken', () => {
    expect(rejectedBecause(upload('a.mp4'), head({ size: maxUploadBytes }))).toBeUndefined();
  });

  test('that was overwritten is rejected only where its version cannot be read any more', () => {
    const found = head({ etag: 'e2' });
    expect(rejectedBecause({ ...upload('a.mp4'), versionId: undefined }, found)).toContain('replaced');
    expect(rejectedBecause(upload('a.mp4'), found)).toBeUndefined();
  });
});
