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

  test.each(['a b/+%41 é 日本.mp4', 'party.mov', '.hidden/clip.mp4', 'noextension'])(
    'the key %s may be a video',
    (key) => expect(ignoredBecause(upload(key))).toBeUndefined(),
  );

  test('an upload is one version of one key: a repeated event is the same upload, an overwrite is another', () => {
    expect(uploadIdentity(upload('a'))).toBe(uploadIdentity({ ...upload('a'), size: undefined }));
    expect(uploadIdentity(upload('a'))).not.toBe(uploadIdentity({ ...upload('a'), versionId: 'v2' }));
  });

  test('an upload in a bucket without versions is identified by its content', () => {
    const unversioned = { ...upload('a'), versionId: 'null' };
    expect(uploadIdentity(unversioned)).not.toBe(uploadIdentity({ ...unversioned, etag: 'e2' }));
  });

  test.each([
    ['gone', undefined, 'deleted'],
    ['empty', head({ size: 0 }), 'empty'],
    ['too large', head({ size: maxUploadBytes + 1 }), '5 GiB'],
  ])('an upload that is %s is rejected with a reason', (_name, found, words) => {
    expect(rejectedBecause(upload('a.mp4'), found)).toContain(words);
  });

  test('an upload as large as the API allows is accepted', () => {
    expect(rejectedBecause(upload('a.mp4'), head({ size: maxUploadBytes }))).toBeUndefined();
  });

  test('an overwritten upload is rejected only if its version can no longer be read', () => {
    const found = head({ etag: 'e2' });
    expect(rejectedBecause({ ...upload('a.mp4'), versionId: undefined }, found)).toContain('replaced');
    expect(rejectedBecause(upload('a.mp4'), found)).toBeUndefined();
  });
});
