import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asRecord } from '../../functions/local/as-record.ts';
import { outFolderMetadata, outNameMetadata, type ResultsDeps, resultsHandler } from '../../functions/local/results.ts';
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

test('two runs that end together and want one name get two; neither overwrites the other', async () => {
  await deliver('first');
  await deliver('second');
  const place = resultsHandler(deps);
  await Promise.all((await events()).map((message) => place({ Records: [asRecord('results', message)] })));
  const files = placed();
  expect(Object.keys(files)).toEqual(['a-2.mp4', 'a.mp4']);
  expect(Object.values(files).sort()).toEqual(['edited first', 'edited second']);
});

test('a name that was chosen before a crash stays its run’s, and is free again once its file is taken away', async () => {
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
