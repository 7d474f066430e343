import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseObjectCreated } from '../../shared/platform/events.ts';
import { openDatabase } from '../../shared/platform/local/database.ts';
import { type LocalPlatform, openLocal } from '../../shared/platform/local/index.ts';
import { bytesOf } from '../contracts/contract.ts';
import { testFolder } from './open-world.ts';

const rounds = 6;

test('a process killed at any moment leaves only whole objects, whole transactions, and all that it answered', async () => {
  const folder = testFolder();
  const events = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const told = await writeUntilKilled(folder, round);
    const platform = openLocal({ folder });
    expect(platform.isOwner).toBe(true);
    await expectAnsweredWrites(platform, round, told);
    await expectEventsOfObjects(platform, folder, events);
    platform.close();
    await expectWholeObjects(folder);
  }
}, 120_000);

async function writeUntilKilled(folder: string, round: number): Promise<string[]> {
  const program = fileURLToPath(new URL('writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      resolve();
    });
  });
  await started;
  await sleep(20 + Math.random() * 400);
  child.kill('SIGKILL');
  expect(await closed).toEqual([null, 'SIGKILL']);
  return output.split('\n').slice(1, -1);
}

async function expectAnsweredWrites(platform: LocalPlatform, round: number, told: readonly string[]): Promise<void> {
  const keys = told.filter((line) => !line.startsWith('pair '));
  for (const key of keys) expect(await platform.bucket('uploads').head(key), key).toBeDefined();
  const pairs = told.filter((line) => line.startsWith('pair ')).map((line) => Number(line.slice(5)));
  const n = async (side: string) =>
    Number((await platform.table('runs').get({ pk: `${side}#${round}`, sk: 'N' }))?.n ?? 0);
  expect(await n('LEFT')).toBe(await n('RIGHT'));
  expect(await n('LEFT')).toBeGreaterThanOrEqual(Math.max(0, ...pairs));
}

/** Every visible object, answered or not, has sent its event, and no other has. */
async function expectEventsOfObjects(platform: LocalPlatform, folder: string, events: Set<string>): Promise<void> {
  const queue = platform.queue('starts');
  for (let messages = await queue.receive(); messages.length > 0; messages = await queue.receive())
    for (const { body, receipt } of messages) {
      for (const { key, versionId } of parseObjectCreated(JSON.parse(body))) events.add(`${key} ${versionId}`);
      await queue.done(receipt);
    }
  const visible = rowsOf<{ name: string }>(folder, "SELECT key || ' ' || version_id AS name FROM versions");
  expect([...events].sort()).toEqual(visible.map(({ name }) => name).sort());
}

async function expectWholeObjects(folder: string): Promise<void> {
  const pieces = rowsOf<{ blob: string }>(folder, 'SELECT blob FROM pieces UNION ALL SELECT blob FROM parts');
  const files = readdirSync(join(folder, 'objects')).flatMap((group) => readdirSync(join(folder, 'objects', group)));
  expect(files.sort()).toEqual(pieces.map(({ blob }) => blob).sort());

  const platform = openLocal({ folder });
  const whole = rowsOf<{ key: string; etag: string; size: number }>(
    folder,
    "SELECT * FROM versions WHERE etag NOT LIKE '%-%'",
  );
  for (const { key, etag, size } of whole) {
    const bytes = await bytesOf((await platform.bucket('uploads').read(key)).body);
    expect(bytes.length, key).toBe(size);
    expect(createHash('md5').update(bytes).digest('hex'), key).toBe(etag);
  }
  const uploads = rowsOf<{ key: string }>(folder, "SELECT key FROM versions WHERE key LIKE 'upload/%'");
  for (const { key } of uploads) {
    const bytes = await bytesOf((await platform.bucket('uploads').read(key)).body);
    const expected = Buffer.concat([Buffer.alloc(5 * 1024 * 1024, key), Buffer.from(key)]);
    expect(bytes.equals(expected), key).toBe(true);
  }
  platform.close();
}

function rowsOf<Row>(folder: string, sql: string): Row[] {
  const path = join(folder, 'tessera.db');
  expect(existsSync(path)).toBe(true);
  const database = openDatabase(path);
  try {
    return database.all<Row>(sql);
  } finally {
    database.close();
  }
}
