import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  outFolderMetadata,
  outNameMetadata,
  placedResults,
  type ResultsDeps,
  resultsHandler,
} from '../../functions/local/results.ts';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import { silentLog } from '../../shared/log.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';

let folder = '';
let platform: LocalPlatform;
let deps: ResultsDeps;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-results-'));
  platform = openLocal({ folder: join(folder, 'data') });
  platform.notify('deliveries', 'results');
  const [uploads, deliveries] = [platform.bucket('uploads'), platform.bucket('deliveries')];
  deps = { uploads, deliveries, remembered: platform.table('local'), log: silentLog, folder: join(folder, 'all') };
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A run that was delivered, and whose results are to be called `a.mp4`. */
async function deliver(runId: string): Promise<void> {
  const metadata = { [outFolderMetadata]: encodeURIComponent(join(folder, 'out')), [outNameMetadata]: 'a' };
  const upload = await deps.uploads.put('tighten/a.mp4', runId, { metadata });
  if (upload.outcome !== 'stored') throw new Error('not stored');
  const key = `tighten/a/${runId}/x.mp4`;
  await deps.deliveries.put(key, `edited ${runId}`);
  const input = { key: 'tighten/a.mp4', versionId: upload.head.versionId };
  await deps.deliveries.put(`tighten/a/${runId}/manifest.json`, JSON.stringify({ runId, input, outputs: [{ key }] }));
}

const events = () => platform.queue('results').receive({ max: 10 });
const placed = () =>
  Object.fromEntries(
    readdirSync(join(folder, 'out'))
      .sort()
      .map((name) => [name, readFileSync(join(folder, 'out', name), 'utf8')]),
  );

test('two runs that end together and want the same name get two names, and neither overwrites the other', async () => {
  await deliver('first');
  await deliver('second');
  const place = resultsHandler(deps);
  await Promise.all((await events()).map((message) => place({ Records: [asRecord('results', message)] })));
  const files = placed();
  expect(Object.keys(files)).toEqual(['a-2.mp4', 'a.mp4']);
  expect(Object.values(files).sort()).toEqual(['edited first', 'edited second']);
});

test('a result in a folder of the user has the mode of any new file; one in the data folder is private', async () => {
  await deliver('first');
  const upload = await deps.uploads.put('tighten/b.mp4', 'b');
  await deps.deliveries.put('tighten/b.mp4', 'edited b');
  const versionId = upload.outcome === 'stored' ? upload.head.versionId : '';
  const manifest = { runId: 'b', input: { key: 'tighten/b.mp4', versionId }, outputs: [{ key: 'tighten/b.mp4' }] };
  await deps.deliveries.put('tighten/b.manifest.json', JSON.stringify(manifest));
  for (const message of await events()) await resultsHandler(deps)({ Records: [asRecord('results', message)] });
  const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
  expect(modeOf('out/a.mp4')).toBe((0o666 & ~process.umask()).toString(8));
  expect(modeOf('all/tighten/b.mp4')).toBe('600');
});

test('a run keeps the result name that it chose before a crash, and the name is free again when its file is removed', async () => {
  await deliver('first');
  const messages = await events();
  const unplaceable = { ...deps.deliveries, localPath: () => Promise.reject(new Error('the process died')) };
  const records = { Records: messages.map((message) => asRecord('results', message)) };
  await expect(resultsHandler({ ...deps, deliveries: unplaceable })(records)).rejects.toThrow('died');
  await deliver('second');
  await resultsHandler(deps)({ Records: (await events()).map((message) => asRecord('results', message)) });
  await resultsHandler(deps)(records);
  expect(placed()).toEqual({ 'a-2.mp4': 'edited second', 'a.mp4': 'edited first' });

  rmSync(join(folder, 'out/a.mp4'));
  await resultsHandler(deps)(records);
  expect(placed()).toEqual({ 'a-2.mp4': 'edited second' });
  await deliver('third');
  await resultsHandler(deps)({ Records: (await events()).map((message) => asRecord('results', message)) });
  expect(placed()).toEqual({ 'a-2.mp4': 'edited second', 'a.mp4': 'edited third' });
});

type Output = { outputId: string; kind: string; of?: string; key: string };

/** A manifest as it is written, of outputs that lie in the deliveries. */
async function deliverAll(runId: string, outputs: readonly Output[], redelivers?: string): Promise<void> {
  const metadata = { [outFolderMetadata]: encodeURIComponent(join(folder, 'out')), [outNameMetadata]: 'a' };
  const upload = await deps.uploads.put('tighten/a.mp4', 'a', { metadata });
  if (upload.outcome !== 'stored') throw new Error('not stored');
  for (const { key } of outputs)
    if ((await deps.deliveries.head(key)) === undefined) await deps.deliveries.put(key, `bytes of ${key}`);
  const input = { key: 'tighten/a.mp4', versionId: upload.head.versionId };
  await deps.deliveries.put(`t/${runId}/manifest.json`, JSON.stringify({ runId, input, redelivers, outputs }));
}

const placeAll = async () =>
  resultsHandler(deps)({ Records: (await events()).map((message) => asRecord('results', message)) });

test('a project file is named after its video, only videos are reported as results, and no thumbnail is placed among them', async () => {
  await deliverAll('first', [
    { outputId: '1#thumbnail', kind: 'thumbnail', of: '1', key: 't/x.thumbnail.jpg' },
    { outputId: '2#project', kind: 'project', of: '2', key: 't/y.project.zip' },
    { outputId: '1', kind: 'video', key: 't/x.mp4' },
    { outputId: '2', kind: 'video', key: 't/y.mp4' },
  ]);
  await placeAll();
  expect(placed()).toEqual({
    'a.mp4': 'bytes of t/x.mp4',
    'a-2.mp4': 'bytes of t/y.mp4',
    'a-2.project.zip': 'bytes of t/y.project.zip',
  });
  const files = await placedResults(deps.remembered, 'first');
  expect(files?.map((path) => basename(path))).toEqual(['a.mp4', 'a-2.mp4']);
});

test('a redelivered run places the missing results, and none a second time', async () => {
  const video = { outputId: '1', kind: 'video', key: 't/x.mp4' };
  await deliverAll('first', [video]);
  await placeAll();
  rmSync(join(folder, 'out/a.mp4'));
  await deliverAll('second', [video, { outputId: '2', kind: 'video', key: 't/y.mp4' }], 'first');
  await placeAll();
  expect(placed()).toEqual({ 'a-2.mp4': 'bytes of t/y.mp4' });
});
