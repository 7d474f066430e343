import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendBack } from '../../functions/tessera/queries/dead-letters.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';
import type { Queue } from '../../shared/platform/ports.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { jsonOf, typed } from './run-command.ts';

let folder = '';
let platform: LocalPlatform;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-redrive-'));
  platform = openLocal({ folder: join(folder, '.tessera') });
});
afterEach(() => {
  platform.close();
  rmSync(folder, { recursive: true, force: true });
});

const tessera = (...words: string[]) => typed(words, folder);
const bodiesIn = async (name: string) =>
  (await platform.queue(name).receive({ visibilitySeconds: 0 })).map(({ body }) => JSON.parse(body));

test('redrive --dry-run shows each dead letter with its run and object, and leaves it in its queue', async () => {
  const run = { ...claimedRun(), createdAt: new Date().toISOString() };
  await platform.table('runs').write(...newRunWrites(run));
  await platform.queue('copies-dead').send({ body: { runId: run.id, outputId: 'out-1' } });
  await platform.queue('starts-dead').send({ body: { kind: 'object', key: 'in/other.mp4' } });
  for (let look = 0; look < 2; look += 1) {
    expect(await jsonOf(['redrive', '--dry-run'], folder)).toMatchObject([
      { queue: 'starts', key: 'in/other.mp4', ageSeconds: expect.any(Number) },
      { queue: 'copies', runId: run.id, status: 'claimed', key: 'in/talk.mov', about: 'output out-1' },
    ]);
    expect((await tessera('redrive', 'copies', '--dry-run')).out).toMatch(
      /copies .* in\/talk\.mov[\s\S]*Nothing was changed/,
    );
  }
  expect(await bodiesIn('copies')).toEqual([]);
});

test('redrive sends dead letters back to their queues, all of them or those of the named queues', async () => {
  const bodies = Array.from({ length: 23 }, (_, number) => ({ runId: 'r', outputId: `out-${number}` }));
  await platform.queue('copies-dead').send(...bodies.map((body) => ({ body })));
  await platform.queue('notices-dead').send({ body: { runId: 'r', revision: 3 } });
  const named = await tessera('redrive', 'copies');
  expect(named).toMatchObject({ code: 0, out: expect.stringContaining('23 messages back: 23 in copies') });
  expect(await platform.queue('copies').count()).toBe(23);
  expect(await platform.queue('notices').count()).toBe(0);
  expect(await jsonOf(['redrive'], folder)).toMatchObject({ sent: { copies: 0, notices: 1 }, done: true });
  expect(await bodiesIn('notices')).toEqual([{ runId: 'r', revision: 3 }]);
  expect((await tessera('redrive')).out).toContain(
    'No dead letters in starts, settles, copies, notices, work, results.',
  );
});

test('redrive that dies between sending a dead letter and deleting it sends it twice, and loses none', async () => {
  const [queue, deadLetters] = [platform.queue('copies'), platform.queue('copies-dead')];
  await deadLetters.send({ body: 1 }, { body: 2 });
  const dying: Queue = { ...deadLetters, done: () => Promise.reject(new Error('killed')) };
  const hop = { name: 'copies', queue, deadLetters: dying, waitSeconds: 0 };
  await expect(sendBack(hop)).rejects.toThrow('killed');
  expect(await deadLetters.count()).toBe(2);
  platform.reviveMessages();
  expect(await sendBack({ ...hop, deadLetters })).toMatchObject({ sent: 2 });
  expect((await queue.receive()).map(({ body }) => body).sort()).toEqual(['1', '1', '2', '2']);
});

test('redrive refuses a word that is neither a queue nor a run, and names the queues', async () => {
  expect(await tessera('redrive', 'copy')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/copy is neither a run nor a queue\.\s+The queues are starts, settles, copies, notices/),
  });
});

test('redrive RUN delivers the outputs of a failed delivery again, in a run that costs nothing', async () => {
  const { checkAfter: _, ...base } = claimedRun();
  const undelivered = { expected: [{ id: 'one' }], partial: false, nodeErrors: [], finishedAt: base.createdAt };
  const why = { agentRunId: 'a-1', reason: 'the link was dead', failure: 'delivery' as const, undelivered };
  await platform.table('runs').write(...newRunWrites({ ...base, status: 'failed', ...why }));
  expect((await tessera('show', base.id)).out).toContain(`tessera redrive ${base.id}`);
  const { runId } = await jsonOf(['redrive', base.id], folder);
  expect(await jsonOf(['show', String(runId)], folder)).toMatchObject({
    run: { status: 'copying', agentRunId: 'a-1', attempt: 2, previousRunId: base.id },
  });
  expect((await tessera('redrive', base.id)).out).toContain(String(runId));
  expect(await platform.queue('settles').count()).toBe(2);
  expect(await tessera('redrive', 'q'.repeat(24))).toMatchObject({ code: 1 });
});
