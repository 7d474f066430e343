import { describe, expect, test } from 'vitest';
import { formats } from '../../shared/inspect/formats.ts';
import { sniff, sniffBytes } from '../../shared/inspect/sniff.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import { judgeContent } from '../../shared/runs/ingest/judge-content.ts';
import { accepted } from '../../shared/transfer/check-content.ts';

const bytes = (latin1: string): Buffer => Buffer.concat([Buffer.from(latin1, 'latin1'), Buffer.alloc(1200, 0x91)]);

function packets(first: number, period: number): Buffer {
  const stream = Buffer.alloc(first + period * 6);
  for (let at = first; at < stream.length; at += period) stream[at] = 0x47;
  return stream;
}

function withBytes(length: number, places: readonly number[]): Buffer {
  const head = Buffer.alloc(length, 0x01);
  for (const at of places) head[at] = 0x47;
  return head;
}

const mxf = Buffer.from('060e2b34020501010d01020101020400', 'hex');

/** Real beginnings, each with the extension of its format. */
const videos: readonly [what: string, extension: string, head: Buffer][] = [
  ['an MP4', 'mp4', bytes('\0\0\0\x18ftypisom')],
  ['an MP4 of a brand nobody knows', 'mp4', bytes('\0\0\0\x18ftypXYZ1')],
  ['a QuickTime file', 'mov', bytes('\0\0\0\x14ftypqt  ')],
  ['a QuickTime file that begins with its index', 'mov', bytes('\0\0\x10\0moov')],
  ['a QuickTime file that begins with its frames', 'mov', bytes('\0\0\x10\0mdat')],
  ['a QuickTime file that begins with a free box', 'mov', bytes('\0\0\0\x08free\0\0\x10\0mdat')],
  ['a QuickTime file that begins with a wide box', 'mov', bytes('\0\0\0\x08wide')],
  ['an M4V', 'm4v', bytes('\0\0\0\x18ftypM4V ')],
  ['a 3GP', '3gp', bytes('\0\0\0\x18ftyp3gp5')],
  ['a WebM', 'webm', bytes('\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm')],
  ['a Matroska', 'mkv', bytes('\x1aE\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska')],
  ['an AVI', 'avi', bytes('RIFF\0\0\0\0AVI LIST')],
  ['a transport stream of 188-byte packets', 'ts', packets(0, 188)],
  ['a transport stream of 192-byte packets', 'ts', packets(4, 192)],
  ['an MPEG program stream', 'mpg', bytes('\0\0\x01\xba')],
  ['an MPEG video with a sequence header', 'mpg', bytes('\0\0\x01\xb3')],
  ['a Windows Media file', 'wmv', bytes('0&\xb2u\x8ef\xcf\x11')],
  ['an FLV', 'flv', bytes('FLV\x01')],
  ['an MXF', 'mxf', Buffer.concat([mxf, Buffer.alloc(600)])],
  ['an MXF after a run-in', 'mxf', Buffer.concat([Buffer.alloc(700, 0x20), mxf, Buffer.alloc(600)])],
];

const others: readonly [what: string, extension: string, head: Buffer][] = [
  ['a WAV', 'wav', bytes('RIFF\0\0\0\0WAVEfmt ')],
  ['an MPEG-4 sound file', 'm4a', bytes('\0\0\0\x18ftypM4A ')],
  ['an MP3 with tags', 'mp3', bytes('ID3\x04')],
  ['an MP3 without tags', 'mp3', bytes('\xff\xfb\x90')],
  ['an AAC', 'aac', bytes('\xff\xf1\x50')],
  ['an Ogg', 'ogg', bytes('OggS')],
  ['a FLAC', 'flac', bytes('fLaC')],
  ['a GIF', 'gif', bytes('GIF89a')],
  ['a PNG', 'png', bytes('\x89PNG\r\n\x1a\n')],
  ['a JPEG', 'jpg', bytes('\xff\xd8\xff\xe0')],
  ['a WebP', 'webp', bytes('RIFF\0\0\0\0WEBPVP8 ')],
  ['a HEIF', 'heic', bytes('\0\0\0\x18ftypmif1')],
  ['an AVIF', 'avif', bytes('\0\0\0\x18ftypavif')],
  ['a ZIP', 'zip', bytes('PK\x03\x04')],
];

const never: readonly [what: string, extension: string | undefined, head: Buffer][] = [
  ['a gzip', 'gz', bytes('\x1f\x8b\x08')],
  ['a PDF', 'pdf', bytes('%PDF-1.7')],
  ['a program', 'exe', bytes('\x7fELF')],
  ['an HTML page', 'html', Buffer.from('\n<!doctype html><html>'.padEnd(600))],
  ['a playlist', 'm3u8', Buffer.from('#EXTM3U\n#EXTINF:10'.padEnd(600))],
  ['a concat list', 'm3u8', Buffer.from('ffconcat version 1.0'.padEnd(600))],
  ['a DASH manifest', 'm3u8', Buffer.from('<?xml version="1.0"?>\n<MPD>'.padEnd(600))],
  ['XML', 'xml', Buffer.from('<?xml version="1.0"?><Error>'.padEnd(600))],
  ['JSON', 'txt', Buffer.from('{"detail":"no"}'.padEnd(600))],
  ['text that begins as packets do', 'txt', Buffer.from('G is for text'.padEnd(600))],
  ['text with letters beyond ASCII', 'txt', Buffer.from('Grüße 世界'.padEnd(600))],
  ['zeros', undefined, Buffer.alloc(600)],
  ['two sync bytes that stand in other bytes by chance', undefined, withBytes(300, [4, 196])],
];

test.each([...videos, ...others, ...never])('%s is known as %s', (_, extension, head) => {
  expect(sniff(head)?.extension).toBe(extension);
});

test('a picture whose bytes look like packets by chance stays a picture', () => {
  const head = packets(4, 192);
  head.set([0xff, 0xd8, 0xff, 0xe0]);
  expect(sniff(head)?.extension).toBe('jpg');
});

test('no bytes are of no format', () => {
  expect(sniff(new Uint8Array())).toBeUndefined();
});

test('what lies beyond the sniffed bytes changes nothing', () => {
  expect(sniff(Buffer.concat([Buffer.alloc(sniffBytes, 0x91), mxf]))).toBeUndefined();
});

/** Whether an upload that begins so would be taken for a video; what it lasts is another question. */
async function uploadIsVideo(head: Buffer): Promise<boolean> {
  const read = async (key: string, { range: [first, last] = [0, 0] }: { range?: readonly [number, number] } = {}) => {
    const body = [head.subarray(first, last + 1)];
    return { head: { key, size: head.length, etag: 'e', versionId: 'v', metadata: {} }, body };
  };
  const deps = { uploads: { name: 'uploads', read } as unknown as Bucket, clock: () => 0 };
  const object = { key: 'in/talk.mp4', versionId: 'v', etag: 'e', size: head.length };
  const judged = await judgeContent(deps as never, object, { id: 'in/*' });
  return !('reason' in judged) || !/no video format|not a video/.test(judged.reason);
}

const deliveredAs = (head: Buffer): string | undefined => {
  try {
    return accepted('video', head).extension;
  } catch {
    return undefined;
  }
};

describe('the same bytes get the same answer as an upload and as a delivery', () => {
  test.each(videos)('%s (%s) is a video on both sides', async (_, extension, head) => {
    expect([await uploadIsVideo(head), deliveredAs(head)]).toEqual([true, extension]);
  });

  test.each(others)('%s (%s) is refused as an upload, but an agent may make it', async (_, extension, head) => {
    expect([await uploadIsVideo(head), deliveredAs(head)]).toEqual([false, extension]);
  });

  test.each(never)('%s is refused on both sides', async (_, __, head) => {
    expect([await uploadIsVideo(head), deliveredAs(head)]).toEqual([false, undefined]);
  });
});

test('every format has a name that follows "it is", and a content type', () => {
  for (const { name, contentType } of Object.values(formats)) {
    expect(name).toMatch(/^(an? |text$)/);
    expect(contentType).toMatch(/^[a-z]+\/[\w.+-]+$/);
  }
});
