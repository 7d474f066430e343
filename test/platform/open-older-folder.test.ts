import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../shared/platform/local/database.ts';
import { textOf } from '../contracts/contract.ts';
import { openForTest, testFolder } from './open-world.ts';

/**
 * A data folder that version 0.1.0 wrote with its own SQLite driver (libsql on Node 20). The process was killed, so the
 * facts are in the write-ahead log and one message is in flight.
 */
const archive = join(import.meta.dirname, '../fixtures/data-folder-of-0.1.0.tar.gz');

function unpackedFolder(): string {
  const folder = testFolder();
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  return folder;
}

test('a data folder of version 0.1.0 opens with every object, version, unfinished upload and item', async () => {
  const folder = unpackedFolder();
  const platform = openForTest(folder);
  const uploads = platform.bucket('uploads');
  const key = 'a b/ü 🎬.mp4';
  expect(await textOf((await uploads.read(key)).body)).toBe('second version');
  const [first] = openDatabase(join(folder, 'tessera.db')).all<{ version_id: string; content_type: string }>(
    'SELECT version_id, content_type FROM versions ORDER BY seq',
  );
  expect(await textOf((await uploads.read(key, { versionId: String(first?.version_id) })).body)).toBe('first version');
  expect(await uploads.head(key, { versionId: String(first?.version_id) })).toMatchObject({
    contentType: 'video/mp4',
    metadata: { note: 'kept' },
  });

  const deliveries = platform.bucket('deliveries');
  const [upload] = (await deliveries.listUploads()).uploads;
  expect(upload).toMatchObject({ key: 'half.mp4' });
  expect(await deliveries.listParts(upload ?? { key: '', uploadId: '' })).toMatchObject([{ partNumber: 1, size: 64 }]);

  const runs = platform.table('runs');
  expect(await runs.get({ pk: 'RUN#1', sk: 'RUN' })).toEqual({
    pk: 'RUN#1',
    sk: 'RUN',
    type: 'run',
    n: 1.5,
    text: 'Grüße 世界 \uFFFF',
    list: [1, null, true],
    empty: '',
  });
  expect(await runs.get({ pk: 'RUN#1', sk: 'OUTPUT#1' })).toMatchObject({ ipk: 'OPEN#0', isk: '2026' });
  expect(platform.events()).toMatchObject([{ type: 'Run Delivered', detail: { runId: '1' } }]);
});

test('messages of a version 0.1.0 data folder, the one in flight and dead letters too, are received again', async () => {
  const platform = openForTest(unpackedFolder());
  expect(platform.isOwner).toBe(true);
  platform.reviveMessages();
  const received = async (queue: string) =>
    (await platform.queue(queue).receive()).map(({ body }) => JSON.parse(body).runId).sort();
  expect(await received('copies')).toEqual(['delayed', 'in flight', 'waiting']);
  expect(await received('copies-dead')).toEqual(['dead']);
  expect(await platform.queue('starts').count()).toBe(2);
});
