import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { PermanentError } from '../../shared/errors.ts';
import type { TransferJob } from '../../shared/transfer/transfer.ts';
import { etagOf, honest, mebibyte, movie, sourceServer, transferWorld } from './transfer-world.ts';

type Kind = TransferJob['kind'];
const bytes = (beginning: string) => Buffer.concat([Buffer.from(beginning, 'latin1'), Buffer.alloc(700, 0x91)]);
const text = (beginning: string) => Buffer.from(beginning.padEnd(700));

const attemptAs = async (kind: Kind, file: Buffer, type = 'application/octet-stream') =>
  (await transferWorld(await sourceServer(honest(file, { type })))).attempt({ kind });

const packets192 = Buffer.concat(
  Array.from({ length: 6 }, () => Buffer.from('\0\0\0\0G'.padEnd(192, '\x91'), 'latin1')),
);
const mxfAfterRunIn = Buffer.concat([
  Buffer.alloc(300, 0x20),
  Buffer.from('060e2b34020501010d010201', 'hex'),
  bytes(''),
]);

test.each<[Kind, string, Buffer]>([
  ['video', 'ts', packets192],
  ['video', 'mpg', bytes('\0\0\x01\xb3')],
  ['video', 'mov', bytes('\0\0\0\x08free\0\0\x10\0mdat')],
  ['video', 'mxf', mxfAfterRunIn],
  ['thumbnail', 'jpg', bytes('\xff\xd8\xff\xe0')],
  ['thumbnail', 'png', bytes('\x89PNG\r\n\x1a\n')],
  ['thumbnail', 'webp', bytes('RIFF\0\0\0\0WEBPVP8 ')],
  ['project', 'zip', bytes('PK\x03\x04')],
  ['project', 'prproj', bytes('\x1f\x8b\x08')],
  ['project', 'xml', text('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n<xmeml version="4">')],
])('a %s may be a file of type %s', async (kind, extension, file) => {
  expect(await attemptAs(kind, file, extension === 'xml' ? 'application/xml' : undefined)).toMatchObject({
    outcome: 'copied',
    extension,
    bytes: file.length,
  });
});

test.each<[Kind, string, Buffer]>([
  ['thumbnail', 'a video', movie(900)],
  ['thumbnail', 'something else', bytes('\x91')],
  ['project', 'a picture', bytes('\xff\xd8\xff\xe0')],
])('a %s that is %s is refused for good', async (kind, _, file) => {
  await expect(attemptAs(kind, file)).rejects.toThrow(PermanentError);
});

test.each<[Kind, string, Buffer]>([
  ['thumbnail', 'an XML error', text('<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>')],
  ['project', 'an XML error', text("<?xml version='1.0' encoding='UTF-8'?><Error><Code>SlowDown</Code></Error>")],
  ['project', 'a page in XML', text('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html>')],
  ['project', 'a page', text('<!doctype html><html>')],
])('for a %s, %s may be gone on the next try', async (kind, _, file) => {
  const failed = attemptAs(kind, file, 'application/xml');
  await expect(failed).rejects.toThrow(/page|text/);
  await expect(failed).rejects.not.toThrow(PermanentError);
});

test.each([5000, 20 * mebibyte])('a first byte that changed on its way is read once more (%i bytes)', async (size) => {
  const file = movie(size);
  const spoilt = Buffer.from(file);
  // No longer a file type box.
  spoilt.write('fxyp', 4, 'latin1');
  let answers = 0;
  const [wrong, right] = [spoilt, file].map((bytes) => honest(bytes, { etag: etagOf(file) }));
  const source = await sourceServer((request, response, asked) => {
    const isOpening = /^bytes=0-/.test(asked.range ?? '');
    answers += Number(isOpening);
    (isOpening && answers === 1 ? wrong : right)?.(request, response, asked);
  });
  const world = await transferWorld(source);
  expect(await world.attempt()).toMatchObject({ outcome: 'copied', bytes: size });
  expect(answers).toBeGreaterThan(1);
});

/** Answers ranges, the first piece of each body small and the rest a moment later. */
const inPieces =
  (file: Buffer, firstBytes: number): RequestListener =>
  (request, response) => {
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const [first, last] = [Number(from), to === '' ? file.length - 1 : Math.min(Number(to), file.length - 1)];
    response.writeHead(206, {
      'content-range': `bytes ${first}-${last}/${file.length}`,
      'content-length': last - first + 1,
      etag: etagOf(file),
    });
    response.write(file.subarray(first, first + firstBytes));
    setTimeout(() => response.end(file.subarray(first + firstBytes, last + 1)), 50);
  };

test.each([
  [1500, 1, 600],
  [1500, 20, 600],
  [1500, 20, 65_536],
  [300, 20, 600],
])(
  'an MXF with a run-in of %i bytes (%i MiB) is delivered when the first piece has %i bytes',
  async (runIn, mebibytes, firstBytes) => {
    const file = movie(mebibytes * mebibyte);
    file.fill(0x91, 0, runIn);
    Buffer.from('060e2b34020501010d010201', 'hex').copy(file, runIn);
    const world = await transferWorld(await sourceServer(inPieces(file, firstBytes)));
    expect(await world.attempt({ kind: 'video' })).toMatchObject({ outcome: 'copied', extension: 'mxf' });
  },
);
