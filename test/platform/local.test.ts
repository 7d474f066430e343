import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Missing, Rejected } from '../../shared/errors.ts';
import { crc32cOf } from '../../shared/platform/crc32c.ts';
import { parseObjectCreated } from '../../shared/platform/events.ts';
import { openDatabase } from '../../shared/platform/local/database.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { openTable } from '../../shared/platform/local/table.ts';
import type { Item } from '../../shared/platform/ports.ts';
import { textOf } from '../contracts/contract.ts';
import { openForTest as open, testFolder } from './open-world.ts';

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());

test('every object that becomes visible is told to the bucket’s queue, and a refused one is not', async () => {
  const platform = open();
  platform.notify('uploads', 'starts');
  const bucket = platform.bucket('uploads');
  const stored = await bucket.put('a b/ü.mp4', 'hello', { ifAbsent: true });
  await bucket.put('a b/ü.mp4', 'again', { ifAbsent: true });
  await platform.bucket('deliveries').put('a b/ü.mp4', 'elsewhere');
  const messages = await platform.queue('starts').receive();
  const [event, ...others] = messages.flatMap(({ body }) => parseObjectCreated(JSON.parse(body)));
  expect(others).toEqual([]);
  const { versionId, etag } = stored.outcome === 'stored' ? stored.head : { versionId: '', etag: '' };
  expect(event).toMatchObject({ bucket: 'uploads', key: 'a b/ü.mp4', versionId, etag, size: 5, reason: 'PutObject' });
});

test('a published upload and an imported file are told as well, in the order of their sequencers', async () => {
  const [platform, folder] = [open(), testFolder()];
  platform.notify('uploads', 'starts');
  const bucket = platform.bucket('uploads');
  const upload = await bucket.startUpload('one');
  await bucket.publish(upload, [await bucket.putPart(upload, 1, Buffer.from('x'))]);
  writeFileSync(join(folder, 'file'), 'y');
  await bucket.importFile('two', join(folder, 'file'));
  const messages = await platform.queue('starts').receive();
  const events = messages.flatMap(({ body }) => parseObjectCreated(JSON.parse(body)));
  expect(events.map(({ key, reason }) => [key, reason])).toEqual([
    ['one', 'CompleteMultipartUpload'],
    ['two', 'PutObject'],
  ]);
  expect(String(events[0]?.sequencer) < String(events[1]?.sequencer)).toBe(true);
});

test('an event that cannot be stored leaves no object behind', async () => {
  const folder = testFolder();
  const platform = open(folder);
  platform.notify('uploads', 'starts');
  // The insert of the message fails inside the transaction that would show the object.
  openDatabase(join(folder, 'tessera.db')).run('DROP TABLE messages');
  await expect(platform.bucket('uploads').put('a', 'x')).rejects.toThrow('no such table: messages');
  expect(await platform.bucket('uploads').head('a')).toBeUndefined();
});

test('importFile copies a file from disk, and localPath names the file that holds it', async () => {
  const folder = testFolder();
  const bucket = open().bucket('uploads');
  const path = join(folder, 'clip.mp4');
  writeFileSync(path, 'the bytes');
  const head = await bucket.importFile('clip.mp4', path, { contentType: 'video/mp4' });
  writeFileSync(path, 'changed afterwards');
  expect(head).toMatchObject({ size: 9, contentType: 'video/mp4', etag: md5('the bytes') });
  expect(head.crc32c).toBe(crc32cOf(Buffer.from('the bytes')));
  expect(await textOf((await bucket.read('clip.mp4')).body)).toBe('the bytes');
  expect(readFileSync((await bucket.localPath('clip.mp4', head.versionId)) ?? '', 'utf8')).toBe('the bytes');
  await expect(bucket.importFile('none', join(folder, 'none'))).rejects.toThrow(/ENOENT/);
  await expect(bucket.localPath('none')).rejects.toThrow(Missing);
});

test('an object of several parts has no single path', async () => {
  const bucket = open().bucket('uploads');
  const upload = await bucket.startUpload('two');
  const parts = [
    await bucket.putPart(upload, 1, Buffer.alloc(5 * 1024 * 1024)),
    await bucket.putPart(upload, 2, Buffer.from('x')),
  ];
  await bucket.publish(upload, parts);
  expect(await bucket.localPath('two')).toBeUndefined();
});

test('objects, items, messages and links outlive the process', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  first.setLinkBase('http://127.0.0.1:1/objects');
  await first.bucket('b').put('key', 'kept');
  await first.table('t').write({ put: { pk: 'p', sk: 's', type: 't' } });
  await first.queue('q').send({ body: 1 });
  const { url: link } = await first.bucket('b').link('key', { expiresInSeconds: 60 });
  first.close();
  const second = open(folder);
  second.setLinkBase('http://127.0.0.1:2/objects');
  expect(await second.table('t').get({ pk: 'p', sk: 's' })).toBeDefined();
  expect(await second.queue('q').receive()).toHaveLength(1);
  expect(await (await second.serveLinks(new Request(link))).text()).toBe('kept');
});

test('a folder of an earlier version is used further; what it holds has no tags', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  await first.bucket('b').put('key', 'kept');
  const upload = await first.bucket('b').startUpload('parts');
  first.close();
  const old = openDatabase(join(folder, 'tessera.db'));
  for (const table of ['versions', 'uploads']) old.run(`ALTER TABLE ${table} DROP COLUMN tags`);
  old.close();
  const bucket = open(folder).bucket('b');
  expect(await bucket.tags('key')).toEqual({});
  await bucket.publish(upload, [await bucket.putPart(upload, 1, Buffer.from('x'))]);
  await bucket.put('key', 'new', { tags: { rule: 'r' } });
  expect([await bucket.tags('parts'), await bucket.tags('key')]).toEqual([{}, { rule: 'r' }]);
});

test('what a killed process left half done is swept when the folder is opened again', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  await first.bucket('b').put('key', 'kept');
  first.close();
  mkdirSync(join(folder, 'objects', 'ab'), { recursive: true });
  writeFileSync(join(folder, 'objects', 'incoming', 'half'), 'half');
  writeFileSync(join(folder, 'objects', 'ab', 'abandoned'), 'whole, but without a row');
  expect(filesIn(join(folder, 'objects'))).toHaveLength(3);
  const second = open(folder);
  expect(filesIn(join(folder, 'objects'))).toHaveLength(1);
  expect(await textOf((await second.bucket('b').read('key')).body)).toBe('kept');
});

test('a replaced, refused or forgotten part leaves no file', async () => {
  const folder = testFolder();
  const bucket = open(folder).bucket('b');
  const upload = await bucket.startUpload('key');
  await bucket.putPart(upload, 1, Buffer.from('first'));
  await bucket.putPart(upload, 1, Buffer.from('second'));
  expect(filesIn(join(folder, 'objects'))).toHaveLength(1);
  await bucket.abandon(upload);
  expect(filesIn(join(folder, 'objects'))).toHaveLength(0);
});

test('an upload that nobody finished is forgotten after a week', async () => {
  const folder = testFolder();
  let now = Date.now();
  const first = openLocal({ folder, clock: () => now });
  const upload = await first.bucket('b').startUpload('key');
  await first.bucket('b').putPart(upload, 1, Buffer.from('x'));
  first.close();
  now += 6 * 24 * 3600_000;
  const second = openLocal({ folder, clock: () => now });
  expect(await second.bucket('b').listParts(upload)).toHaveLength(1);
  second.close();
  now += 2 * 24 * 3600_000;
  await expect(
    open(folder, () => now)
      .bucket('b')
      .listParts(upload),
  ).rejects.toThrow(Missing);
  expect(filesIn(join(folder, 'objects'))).toHaveLength(0);
});

test('one process owns a folder; another may use it and sweeps nothing of the owner’s', async () => {
  const folder = testFolder();
  const owner = openLocal({ folder });
  writeFileSync(join(folder, 'objects', 'incoming', 'being-written'), 'half');
  const guest = open(folder);
  expect([owner.isOwner, guest.isOwner]).toEqual([true, false]);
  expect(filesIn(join(folder, 'objects'))).toHaveLength(1);
  await guest.table('t').write({ put: { pk: 'p', sk: 's', type: 't' } });
  expect(await owner.table('t').get({ pk: 'p', sk: 's' })).toBeDefined();
  owner.close();
  expect(open(folder).isOwner).toBe(true);
});

test('a key or text with the character U+0000 is kept whole', async () => {
  const platform = open();
  await platform.table('t').write({ put: { pk: 'a\0b', sk: 's', type: 't', text: 'c\0d' } });
  await platform.bucket('b').put('a\0b', 'x');
  expect(await platform.table('t').get({ pk: 'a\0b', sk: 's' })).toMatchObject({ text: 'c\0d' });
  expect((await platform.bucket('b').list()).objects.map(({ key }) => key)).toEqual(['a\0b']);
});

test('an item that has expired is gone when the folder is opened again', async () => {
  const folder = testFolder();
  const first = openLocal({ folder, clock: () => 1_000_000 });
  const [gone, kept] = ['gone', 'kept'].map((pk) => ({ pk, sk: 's', type: 't' })) as [Item, Item];
  await first.table('t').write({ put: { ...gone, expiresAt: 1999 } }, { put: { ...kept, expiresAt: 2001 } });
  first.close();
  const second = open(folder, () => 2_000_000);
  expect(await second.table('t').get(gone)).toBeUndefined();
  expect(await second.table('t').get(kept)).toBeDefined();
});

test('an item that has expired goes now and then while the folder is open, one that lives on stays', async () => {
  let nowMs = 1_000_000;
  const table = open(testFolder(), () => nowMs).table('t');
  const [gone, kept] = ['gone', 'kept'].map((pk) => ({ pk, sk: 's', type: 't' })) as [Item, Item];
  await table.write({ put: { ...gone, expiresAt: 1999 } }, { put: { ...kept, expiresAt: 2001 } });
  nowMs = 2_000_000;
  await table.write({ put: { pk: 'other', sk: 's', type: 't' } });
  expect(await table.get(gone)).toBeUndefined();
  expect(await table.get(kept)).toBeDefined();
});

test('bytes that are rejected leave no file', async () => {
  const folder = testFolder();
  const bucket = open(folder).bucket('b');
  await expect(bucket.put('key', 'bytes', { crc32c: '00000001' })).rejects.toThrow(Rejected);
  const upload = await bucket.startUpload('key');
  await expect(bucket.putPart(upload, 1, Buffer.from('bytes'), { crc32c: '00000001' })).rejects.toThrow(Rejected);
  expect(filesIn(join(folder, 'objects'))).toHaveLength(0);
});

test('a folder of before checksums is used further: what it holds has none, and its uploads go on', async () => {
  const folder = testFolder();
  const first = openLocal({ folder });
  await first.bucket('b').put('key', 'kept');
  await first.queue('q').send({ body: 1 });
  const upload = await first.bucket('b').startUpload('parts');
  const part = await first.bucket('b').putPart(upload, 1, Buffer.from('x'));
  first.close();
  const old = openDatabase(join(folder, 'tessera.db'));
  for (const table of ['versions', 'parts']) old.run(`ALTER TABLE ${table} DROP COLUMN crc32c`);
  for (const table of ['versions', 'uploads']) old.run(`ALTER TABLE ${table} DROP COLUMN storage_class`);
  old.run('ALTER TABLE messages DROP COLUMN sent_ms');
  old.run('DROP TABLE events');
  old.close();
  const platform = open(folder);
  const bucket = platform.bucket('b');
  expect((await bucket.head('key'))?.crc32c).toBeUndefined();
  const { crc32c, ...known } = part;
  expect(await bucket.listParts(upload)).toEqual([known]);
  const stored = await bucket.publish(upload, [known], { crc32c });
  expect(stored.outcome).toBe('stored');
  const [message] = await platform.queue('q').receive();
  expect(message).toMatchObject({ body: '1', receiveCount: 1 });
  expect(message?.sentAt).toBeUndefined();
  expect(platform.events()).toEqual([]);
});

test('a full disk is said in words, and leaves everything as it was', async () => {
  const database = openDatabase(join(testFolder(), 'tessera.db'));
  onTestFinished(() => database.close());
  database.all('PRAGMA max_page_count = 40');
  const table = openTable(database, 't');
  const put = (sk: string) => table.write({ put: { pk: 'p', sk, type: 't', text: 'x'.repeat(30_000) } });
  const filling = (async () => {
    for (let n = 0; n < 40; n++) await put(String(n));
  })();
  await expect(filling).rejects.toThrow(/The disk that holds .* is full/);
  const { items } = await table.query({ pk: 'p' });
  expect(items.length).toBeGreaterThan(0);
  expect(items.every((item) => String(item.text).length === 30_000)).toBe(true);
});

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
