import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { makeClip } from '../support/clips.ts';
import { listen } from '../support/listen.ts';
import { type Program, startProgram } from '../support/program.ts';
import { jsonOf, typed } from './run-command.ts';

let folder = '';
let program: Program;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-command-'));
  program = startProgram(['--port', '0'], folder);
  await program.saying('Stop with Ctrl-C');
});
afterAll(async () => {
  program.process.kill('SIGINT');
  await program.ended;
  rmSync(folder, { recursive: true, force: true });
});

const tessera = (...words: string[]) => typed(words, folder);
const runs = (...words: string[]) =>
  jsonOf(['runs', ...words], folder) as unknown as Promise<{ id: string; status: string; attempt: number }[]>;

async function drop(key: string): Promise<void> {
  const path = join(folder, '.tessera/uploads', key);
  mkdirSync(dirname(path), { recursive: true });
  await makeClip(path);
}

test('a running npm start uses newly applied rules, and a backfill hands over older uploads', async () => {
  await drop('in/early.mp4');
  await program.saying('in/early.mp4  ignored: no rule takes it');
  const document = { rules: [{ id: 'shorts', prefix: 'in/', agentId: readyAgents[0]?.id }] };
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(document));
  expect(await tessera('rules', 'apply', 'rules.json')).toMatchObject({ code: 0, err: '' });

  expect((await tessera('backfill', 'in/')).out).toContain('1 object handed over');
  await program.saying('in/early.mp4  done');
  expect((await tessera('backfill', 'in/')).out).toContain('handed over before');
  expect(await runs()).toMatchObject([{ status: 'delivered' }]);
  const shown = await tessera('show', 'in/early.mp4');
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toMatch(/^in\/early\.mp4 is delivered/);
  expect(shown.out).toMatch(/output +in\/early\.mp4/);
});

test('pause, cancel, retry and resume act on the runs of a running npm start', async () => {
  await tessera('pause', '--reason', 'tea');
  await drop('in/second.mp4');
  await program.saying('in/second.mp4  uploaded');
  await expect.poll(() => runs('--status', 'waiting')).toMatchObject([{ attempt: 1 }]);
  const [waiting] = await runs('--open');
  const id = String(waiting?.id);
  expect((await tessera('show', id)).out).toMatch(/Starts are paused since .* \(tea\)/);
  expect((await tessera('cancel', id, '--reason', 'not this one')).out).toContain('Cancelled');
  expect(await tessera('cancel', id)).toMatchObject({ code: 1, out: '' });
  expect((await tessera('show', id)).out).toContain('not this one');
  expect((await tessera('retry', id)).out).toContain('Attempt 2');
  expect(await runs('--rule', 'shorts', '--open')).toMatchObject([{ status: 'waiting', attempt: 2 }]);
  expect(await tessera('resume')).toMatchObject({ code: 0, err: '' });
  await program.saying('in/second.mp4  done');
  expect((await runs('--key', 'in/second.mp4')).map(({ status }) => status)).toEqual(['delivered', 'cancelled']);
});

test('webhooks to a rule’s receiver are signed with the secret that doctor shows, and watch shows the same run', async () => {
  const told: { type: string; data: { id: string } }[] = [];
  const { findings } = (await jsonOf(['doctor', '--show-secrets'], folder)) as { findings: { says: string }[] };
  const [secret = ''] = findings.flatMap(({ says }) => /whsec_\S+/.exec(says) ?? []);
  const receiver = await listen(async (request) => {
    told.push(
      new Webhook(secret).verify(await request.text(), Object.fromEntries(request.headers)) as (typeof told)[0],
    );
    return new Response();
  });
  const notify = [{ url: `${receiver.url}/tessera` }];
  const document = { rules: [{ id: 'shorts', prefix: 'in/', agentId: readyAgents[0]?.id, notify }] };
  writeFileSync(join(folder, 'rules.json'), JSON.stringify(document));
  expect(await tessera('rules', 'apply', 'rules.json')).toMatchObject({ code: 0 });
  await drop('in/told.mp4');
  await expect.poll(() => runs('--key', 'in/told.mp4'), { timeout: 20_000 }).toHaveLength(1);
  expect(await tessera('watch', 'in/told.mp4')).toMatchObject({
    code: 0,
    out: expect.stringContaining('is delivered'),
  });
  await expect
    .poll(() => told.map(({ type }) => type))
    .toEqual(expect.arrayContaining(['Run Started', 'Run Delivered']));
  await receiver.close();
  const platform = openLocal({ folder: join(folder, '.tessera'), own: false });
  const onBus = platform.events().map(({ id }) => id);
  platform.close();
  expect(onBus).toEqual(expect.arrayContaining(told.map(({ data }) => data.id)));
});

test('a rollback of the rules applies to the next upload', async () => {
  expect((await tessera('rules', 'rollback', '0')).code).toBe(0);
  await drop('tighten/third.mp4');
  await program.saying('tighten/third.mp4  done');
  expect((await runs('--status', 'delivered', '--limit', '2')).length).toBe(2);
});
