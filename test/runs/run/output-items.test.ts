import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLocal } from '../../../shared/platform/local/index.ts';
import { endedOutputs, noteOutput, readOutput } from '../../../shared/runs/run/output-items.ts';

const transfer = {
  key: 'a/RUN/o.mp4',
  uploadId: 'u1',
  bytes: 5,
  etag: '',
  partBytes: 5,
  contentType: 'video/mp4',
  extension: 'mp4',
  crc32c: '--------',
};

test('an ended output is not overwritten by a slower worker', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-'));
  const platform = openLocal({ folder });
  const table = platform.table('runs');
  await noteOutput(table, 'RUN', 'o', { status: 'copying', transfer });
  await noteOutput(table, 'RUN', 'o', { status: 'copying', transfer: { ...transfer, crc32c: '12345678' } });
  expect(await readOutput(table, 'RUN', 'o')).toMatchObject({ transfer: { crc32c: '12345678' } });
  expect((await endedOutputs(table, 'RUN')).size).toBe(0);

  const failed = { status: 'failed', reason: 'it is no video' } as const;
  await noteOutput(table, 'RUN', 'o', failed);
  await noteOutput(table, 'RUN', 'o', { status: 'copying', transfer });
  expect(await readOutput(table, 'RUN', 'o')).toEqual(failed);
  expect([...(await endedOutputs(table, 'RUN'))]).toEqual([['o', failed]]);
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});
