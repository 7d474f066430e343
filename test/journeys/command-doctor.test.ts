import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { portKey } from '../../functions/local/open-world.ts';
import { ensureSecret } from '../../functions/local/stores.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { listen } from '../support/listen.ts';
import { typed } from './run-command.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-doctor-'));
  vi.stubEnv('MOSAIC_API_URL', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

type Found = { name: string; state: string; says: string; cure?: string };
async function doctor(...words: string[]) {
  const { code, out, err } = await typed(['doctor', ...words, '--json'], folder);
  const { findings, isWell } = JSON.parse(out) as { findings: Found[]; isWell: boolean };
  const named = (name: string) => findings.find((each) => each.name === name);
  return { code, err, isWell, named, bad: findings.filter(({ state }) => state === 'bad') };
}

/** A folder in which a Tessera has worked, and none does now. */
const worked = () => openLocal({ folder: join(folder, '.tessera'), own: false });

test('in an empty folder the doctor says what npm start will find', async () => {
  const { code, isWell, bad, named } = await doctor();
  expect({ code, isWell, bad }).toEqual({ code: 0, isWell: true, bad: [] });
  expect(named('node')).toMatchObject({ state: 'good', says: process.versions.node });
  expect(named('ffmpeg')?.says).toContain('all encoders and filters');
  expect(named('tessera')).toMatchObject({ state: 'note', cure: 'npm start' });
  const { out } = await typed(['doctor'], folder);
  expect(out).toMatch(/^✓ node {2,}\d/);
  expect(out).toContain('Nothing to fix.');
});

test('the doctor names each obstacle to npm start, with its fix', async () => {
  vi.stubEnv('FFMPEG_PATH', join(folder, 'no-ffmpeg'));
  vi.stubEnv('MOSAIC_API_URL', 'https://api.mosaic.so');
  writeFileSync(join(folder, 'a-file'), '');
  const { code, bad, err } = await doctor('--data', 'a-file');
  expect(code).toBe(1);
  expect(err).toContain('3 things to fix');
  expect(bad).toMatchObject([
    { name: 'ffmpeg', says: expect.stringMatching(/no-ffmpeg.*Install FFmpeg 5 or newer with `/) },
    { name: 'other engine', cure: 'unset MOSAIC_API_URL' },
    { name: 'folder', says: 'a-file is a file, not a folder' },
  ]);
});

test('the doctor reports a data folder that other users can read, with the command that closes it', async () => {
  worked().close();
  const folderFinding = async () => {
    const { out } = await typed(['doctor', '--json'], folder);
    return JSON.parse(out).findings.find(({ name }: { name: string }) => name === 'folder');
  };
  expect(await folderFinding()).toMatchObject({ state: 'good' });
  chmodSync(join(folder, '.tessera'), 0o755);
  expect(await folderFinding()).toMatchObject({
    state: 'bad',
    says: expect.stringContaining('can be read by other users'),
    cure: 'chmod -R go-rwx .tessera',
  });
});

test('the doctor reports dead letters, pauses, a held account and overdue runs of a folder', async () => {
  const platform = worked();
  await platform.queue('copies-dead').send({ body: 1 }, { body: 2 });
  await platform.table('runs').write(...newRunWrites(claimedRun()));
  const hold = { kind: 'credits', message: 'No credits.', until: '2100-01-01T00:00:00.000Z', refusals: 1 };
  await platform.table('runs').write({ put: { pk: 'ACCOUNT#default', sk: 'HOLD', type: 'hold', ...hold } });
  platform.close();
  await typed(['pause', '--reason', 'tea'], folder);
  const { code, bad, named } = await doctor();
  expect(code).toBe(1);
  expect(bad).toMatchObject([
    { name: 'dead letters', says: 'what was tried too often: 2 in copies' },
    { name: 'account', says: expect.stringContaining('No credits.') },
  ]);
  expect(named('paused')?.says).toContain('(tea)');
  // Nobody looks while nothing runs, so that is no fault.
  expect(named('overdue runs')).toMatchObject({ state: 'note', cure: expect.stringContaining('next npm start') });
});

test('the doctor finds an engine that does not answer, and a port that another program uses', async () => {
  const other = await listen(() => new Response('hello', { status: 418 }));
  const platform = worked();
  const port = Number(new URL(other.url).port);
  await platform.table('local').write({ put: { ...portKey, type: 'port', port } });
  platform.close();
  expect((await doctor()).named('engine')?.says).toContain(`another program has its port ${port}`);
  const owner = openLocal({ folder: join(folder, '.tessera') });
  expect((await doctor()).named('engine')).toMatchObject({
    state: 'bad',
    cure: expect.stringContaining('start it again'),
  });
  owner.close();
  await other.close();
});

test('the secret that signs webhooks is printed only with --show-secrets', async () => {
  const platform = worked();
  const secret = await ensureSecret(platform.table('local'), 'signing-secret');
  platform.close();
  expect(JSON.stringify((await doctor()).named('webhooks'))).not.toContain(secret);
  expect((await doctor('--show-secrets')).named('webhooks')?.says).toContain(secret);
});
