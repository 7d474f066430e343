/** Writes without end into the folder it is given, and tells each answered write on a line; the test kills it. */
import { writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLocal } from '../../shared/platform/local/index.ts';

const [folder = '', round = '0'] = process.argv.slice(2);
const platform = openLocal({ folder });
platform.notify('uploads', 'starts');
const [table, bucket] = [platform.table('runs'), platform.bucket('uploads')];
// Synchronous, so that what was said was said when the kill comes.
const tell = (line: string) => {
  for (let left = Buffer.from(`${line}\n`); left.length > 0; ) left = left.subarray(written(left));
};

/** None where the test has not read for a while and the pipe is full. */
function written(bytes: Buffer): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}

tell('ready');
await Promise.all([putObjects(), uploadObjects(), importFiles(), writeTransactions()]);

async function putObjects() {
  for (let n = 0; ; n++) {
    const key = `put/${round}/${n}`;
    await bucket.put(key, key.repeat(1 + ((n * 7919) % 5000)));
    tell(key);
  }
}

async function uploadObjects() {
  for (let n = 0; ; n++) {
    const key = `upload/${round}/${n}`;
    const upload = await bucket.startUpload(key);
    const parts = [
      await bucket.putPart(upload, 1, Buffer.alloc(5 * 1024 * 1024, key)),
      await bucket.putPart(upload, 2, Buffer.from(key)),
    ];
    if (n % 5 === 4) {
      await bucket.abandon(upload);
      continue;
    }
    await bucket.publish(upload, parts);
    tell(key);
  }
}

async function importFiles() {
  const path = join(folder, 'dropped');
  for (let n = 0; ; n++) {
    const key = `import/${round}/${n}`;
    writeFileSync(path, key.repeat(10_000));
    await bucket.importFile(key, path);
    tell(key);
  }
}

async function writeTransactions() {
  const [left, right] = [`LEFT#${round}`, `RIGHT#${round}`];
  for (let n = 1; ; n++) {
    await table.write({ put: { pk: left, sk: 'N', type: 'n', n } }, { put: { pk: right, sk: 'N', type: 'n', n } });
    tell(`pair ${n}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
