import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { measureMedia } from '../../shared/inspect/measure-media.ts';
import { openRanges } from '../../shared/inspect/ranged-reader.ts';
import { sniff, sniffBytes } from '../../shared/inspect/sniff.ts';
import type { Bucket } from '../../shared/platform/ports.ts';
import type { IngestDeps } from '../../shared/runs/ingest/deps.ts';
import { judgeContent } from '../../shared/runs/ingest/judge-content.ts';
import type { Filter } from '../../shared/runs/run/filters.ts';
import {
  changingSoundClip,
  hushedClip,
  resizedClip,
  rotatedClip,
  soundlessClip,
  stillScreenClip,
  talkingClip,
} from '../support/clips.ts';

/** A bucket of one object, which may pretend to be larger than its bytes, that counts what is read of it. */
function bucketOf(bytes: Uint8Array, size = bytes.length, etag = 'e1') {
  const read = { requests: 0, bytes: 0 };
  const bucket = {
    name: 'uploads',
    async read(key: string, { range: [first, last] = [0, size - 1] }: { range?: readonly [number, number] } = {}) {
      read.requests += 1;
      read.bytes += last - first + 1;
      const part = Buffer.alloc(last - first + 1);
      for (let at = first; at <= last; at += 1) part[at - first] = bytes[at % bytes.length] ?? 0;
      const head = { key, size, etag, versionId: 'null', metadata: {}, lastModified: new Date(0) };
      return { head, body: [part] };
    },
  } as unknown as Bucket;
  return { bucket, read };
}

const clock = () => 0;

async function measure(bytes: Uint8Array, size = bytes.length) {
  const { bucket, read } = bucketOf(bytes, size);
  const ranges = openRanges(bucket, { key: 'a', versionId: 'v', size }, clock);
  const format = sniff(await ranges.read(0, Math.min(size, sniffBytes)));
  const container = format?.medium === 'video' ? format.extension : undefined;
  return { container, media: container && (await measureMedia(ranges, container)), read };
}

const judgeBytes = (bytes: Uint8Array | string, filter: Filter = {}, size?: number) => {
  const content = Buffer.from(bytes);
  const { bucket } = bucketOf(content, size);
  const deps = { uploads: bucket, clock } as unknown as IngestDeps;
  const object = { key: 'in/talk.mp4', versionId: 'v', size: size ?? content.length };
  return judgeContent(deps, object, { id: 'in/*', filter });
};

describe('what a video is', () => {
  test.each([
    ['an MP4', talkingClip, { container: 'mp4', seconds: 4, width: 320, height: 180, videoTracks: 1, audioTracks: 1 }],
    ['an MP4 without sound', soundlessClip, { container: 'mp4', seconds: 2, videoTracks: 1, audioTracks: 0 }],
    ['one that is turned', rotatedClip, { container: 'mp4', width: 180, height: 320 }],
    ['a WebM', resizedClip, { container: 'webm', videoTracks: 1, audioTracks: 1 }],
    ['a Matroska without a stated length', stillScreenClip, { container: 'mkv', seconds: 4.001 }],
    ['a transport stream', changingSoundClip, { container: 'ts', videoTracks: 1, audioTracks: 1 }],
  ])('is found in %s', async (_name, clip, expected) => {
    const { container, media } = await measure(await readFile(await clip()));
    expect({ container, ...(media as object) }).toMatchObject(expected);
  });

  test('is found of a transport stream by its two ends', async () => {
    const { media } = await measure(await readFile(await changingSoundClip()));
    expect((media as { seconds: number }).seconds).toBeGreaterThan(1.8);
    expect((media as { seconds: number }).seconds).toBeLessThan(2.2);
  });

  test('is found of a film of hours, whose index has megabytes, in a few small reads', async () => {
    const film = withLargeIndex(await readFile(await talkingClip()), 12_000_000);
    const { media, read } = await measure(film);
    expect(media).toMatchObject({ seconds: 4, videoTracks: 1, audioTracks: 1 });
    expect(read.bytes).toBeLessThan(2_000_000);
    expect(read.requests).toBeLessThan(8);
  });

  test('is not looked for without end in a file that is damaged anywhere', async () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 0x8000_0000;
      return seed % below;
    };
    for (const clip of [talkingClip, resizedClip, stillScreenClip, changingSoundClip]) {
      const whole = await readFile(await clip());
      for (let round = 0; round < 25; round += 1) {
        const bytes = Buffer.from(whole);
        for (let count = 0; count < 20; count += 1) bytes[random(bytes.length)] = random(256);
        const { read } = await measure(bytes, round % 2 === 0 ? 5_000_000_000 : bytes.length);
        expect(read.bytes).toBeLessThanOrEqual(8 * 1024 ** 2);
        expect(read.requests).toBeLessThanOrEqual(24);
      }
    }
  });
});

describe('a file of a million empty parts', () => {
  /** The head of a WebM, and then nothing but parts of two bytes. */
  const bomb = () => {
    const head = Buffer.from(
      '1a45dfa38b4282847765626d428781014285810118538067 01ffffffffffffff'.replace(' ', ''),
      'hex',
    );
    return Buffer.concat([head, Buffer.from('ec80'.repeat(1_000_000), 'hex')]);
  };

  test('is given up for the thought that it takes, not for how slow its bucket is', async () => {
    const measured = async (bytes: Uint8Array, readMs: number, thinkMs: number) => {
      let now = 0;
      const { bucket, read } = bucketOf(bytes);
      const slow: Bucket['read'] = (...all) => {
        now += readMs;
        return bucket.read(...all);
      };
      const ranges = openRanges({ ...bucket, read: slow }, { key: 'a', versionId: 'v', size: bytes.length }, () => {
        now += thinkMs;
        return now;
      });
      return { media: await measureMedia(ranges, 'webm'), read };
    };
    const { media, read } = await measured(bomb(), 0, 700);
    expect(media).toBeUndefined();
    expect(read.requests).toBeLessThanOrEqual(4);
    const honest = await readFile(await resizedClip());
    expect((await measured(honest, 5000, 0)).media).toMatchObject({ videoTracks: 1 });
  });
});

describe('what is not worth paying for', () => {
  const box = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(text.padEnd(20, '\0'))]);

  test.each([
    ['text', 'just some text, named like a video', 'text'],
    ['an error page', '<!DOCTYPE html><html><body>404</body></html>', 'HTML page'],
    ['an error of S3', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'XML'],
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'PNG'],
    ['a zip', Buffer.from('504b0304140000000800', 'hex'), 'ZIP'],
    ['a playlist', '#EXTM3U\n#EXT-X-VERSION:3\n', 'playlist'],
    ['a picture in a video box', box('ftypheic'), 'HEIF'],
    ['sound in a video box', box('ftypM4A '), 'sound'],
    ['noise', Buffer.from('f00dfacecafe00112233445566778899', 'hex'), 'no video format that is known'],
  ])('%s is refused whatever its name says', async (_name, bytes, words) => {
    expect(await judgeBytes(bytes)).toEqual({ reason: expect.stringContaining(words) });
  });

  test('a file without an index cannot be measured, so the rule decides', async () => {
    const bytes = box('ftypisom');
    expect(await judgeBytes(bytes)).toEqual({ media: { container: 'mp4' } });
    expect(await judgeBytes(bytes, { unmeasurable: 'reject' })).toEqual({
      reason: expect.stringContaining('cannot be measured'),
    });
  });

  test.each<[string, Filter, string]>([
    ['too long', { maxSeconds: 3 }, 'it lasts 4 s, more than the 3 s'],
    ['too short', { minSeconds: 5 }, 'it lasts 4 s, less than the 5 s'],
    ['too small', { minBytes: 1_000_000 }, 'fewer than the 1000000'],
    ['too large', { maxBytes: 1000 }, 'more than the 1000'],
    ['of another kind', { containers: ['mov', 'mkv'] }, 'it is mp4 by its content'],
  ])('what is %s for the rule is refused', async (_name, filter, words) => {
    const bytes = await readFile(await talkingClip());
    expect(await judgeBytes(bytes, filter)).toEqual({ reason: expect.stringContaining(words) });
    expect(await judgeBytes(bytes)).toHaveProperty('media.seconds', 4);
  });

  test.each<[number, Filter, string]>([
    [0.4, { minSeconds: 1 }, 'it lasts 0.4 s, less than the 1 s'],
    [0.999, { minSeconds: 1 }, 'it lasts 0.999 s, less than the 1 s'],
    [60.4, { maxSeconds: 60 }, 'it lasts 60.4 s, more than the 60 s'],
    [61.4, { maxSeconds: 60 }, 'it lasts 61 s, more than the 60 s'],
  ])('a length of %d s is told so that it is seen to be %j', async (seconds, filter, words) => {
    const bytes = withLength(await readFile(await talkingClip()), seconds);
    expect(await judgeBytes(bytes, filter)).toEqual({ reason: expect.stringContaining(words) });
  });

  test('sound is asked for only where the rule asks for it', async () => {
    const silent = await readFile(await soundlessClip());
    expect(await judgeBytes(silent)).toHaveProperty('media');
    expect(await judgeBytes(silent, { audioTrack: true })).toEqual({ reason: expect.stringContaining('no sound') });
    expect(await judgeBytes(await readFile(await hushedClip()), { audioTrack: true })).toHaveProperty('media');
  });

  test('more than the three hours that the API takes is refused', async () => {
    const film = withLength(await readFile(await talkingClip()), 3 * 3600 + 1);
    expect(await judgeBytes(film)).toEqual({ reason: expect.stringContaining('more than the 3 hours') });
    expect(await judgeBytes(withLength(film, 3 * 3600))).toHaveProperty('media.seconds', 10_800);
  });

  test('an unversioned object that is replaced while it is read is not judged by the other one', async () => {
    const { bucket } = bucketOf(await readFile(await talkingClip()), undefined, 'e2');
    const deps = { uploads: bucket, clock } as unknown as IngestDeps;
    const judged = await judgeContent(deps, { key: 'a', etag: 'e1', size: 40_000 }, { id: 'in/*' });
    expect(judged).toEqual({ reason: expect.stringContaining('replaced') });
  });

  test('a bucket that does not answer says nothing of the file', async () => {
    const bytes = await readFile(await resizedClip());
    const { bucket } = bucketOf(bytes);
    let calls = 0;
    const failing = {
      ...bucket,
      read: async (...all: Parameters<Bucket['read']>) => {
        calls += 1;
        if (calls > 1) throw new Error('SlowDown');
        return bucket.read(...all);
      },
    };
    const deps = { uploads: failing, clock } as unknown as IngestDeps;
    const object = { key: 'a', versionId: 'v', size: 5_000_000 };
    await expect(judgeContent(deps, object, { id: 'in/*' })).rejects.toThrow('SlowDown');
  });
});

/** The same MP4 with a box of this size inside its index, before the tracks. */
function withLargeIndex(bytes: Buffer, size: number): Buffer {
  const movie = bytes.indexOf('moov') - 4;
  const header = bytes.indexOf('mvhd') - 4;
  const after = header + bytes.readUInt32BE(header);
  const filler = Buffer.alloc(size);
  filler.writeUInt32BE(size, 0);
  filler.write('free', 4);
  const film = Buffer.concat([bytes.subarray(0, after), filler, bytes.subarray(after)]);
  film.writeUInt32BE(bytes.readUInt32BE(movie) + size, movie);
  return film;
}

function withLength(bytes: Buffer, seconds: number): Buffer {
  const film = Buffer.from(bytes);
  const content = film.indexOf('mvhd') + 4;
  film.writeUInt32BE(seconds * film.readUInt32BE(content + 12), content + 16);
  return film;
}
