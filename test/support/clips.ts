import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg } from '../../shared/engine/media/find-ffmpeg.ts';
import { type Media, openMedia } from '../../shared/engine/media/index.ts';
import { runProgram } from '../../shared/engine/media/run-ffmpeg.ts';

let media: Promise<Media> | undefined;

/** The FFmpeg that the product would find on this machine. */
export function testMedia(): Promise<Media> {
  media ??= findFfmpeg(process.env).then(openMedia);
  return media;
}

/**
 * Four seconds, 320 × 180 at 30 fps: a tone from 0 to 1 s and from 2 to 3 s, silence between and after. Each frame
 * shows its number as eight bars, so that a test can tell where in the source a frame came from.
 */
export const talkingClip = () =>
  clip('talking.mp4', [...picture({ seconds: 4 }), ...sound(tone('lt(mod(t,2),1)'), 4), ...h264, ...aac]);

/** The talking clip under a name of the caller's. */
export async function makeClip(path: string): Promise<string> {
  await copyFile(await talkingClip(), path);
  return path;
}

/** The same, with 30000/1001 frames a second. */
export const broadcastClip = () =>
  clip('broadcast.mp4', [
    ...picture({ seconds: 4, rate: '30000/1001' }),
    ...sound(tone('lt(mod(t,2),1)'), 4),
    ...h264,
    ...aac,
  ]);

/** A tenth of a second of tone at the start of every half second: a click track to check sound against picture. */
export const clickingClip = () =>
  clip('clicking.mp4', [...picture({ seconds: 5 }), ...sound(tone('lt(mod(t,0.5),0.1)'), 5), ...h264, ...aac]);

export const hushedClip = () => clip('hushed.mp4', [...picture({ seconds: 2 }), ...sound('0', 2), ...h264, ...aac]);

export const soundlessClip = () => clip('soundless.mp4', [...picture({ seconds: 2 }), ...h264]);

/** 161 × 91: most encoders cannot even store that in the usual color format. */
export const oddClip = () =>
  clip('odd.mp4', [
    ...lavfi('testsrc=size=161x91:rate=30:duration=1'),
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv444p',
  ]);

/** Left half red, right half blue, 320 × 180, with the sign that tells players to turn it by a quarter. */
export const rotatedClip = async () => {
  const upright = await redAndBlueClip();
  return clip('rotated.mp4', ['-display_rotation', '90', '-i', upright, '-c', 'copy']).catch(() =>
    clip('rotated.mp4', ['-i', upright, '-c', 'copy', '-metadata:s:v:0', 'rotate=90']),
  );
};

export const redAndBlueClip = () =>
  clip('red-and-blue.mp4', [
    ...lavfi('color=red:size=160x180:rate=30:duration=1[l];color=blue:size=160x180:rate=30:duration=1[r];[l][r]hstack'),
    ...h264,
  ]);

/** A white square in the middle of black, pixels twice as wide as high. */
export const widePixelsClip = () =>
  clip('wide-pixels.mp4', [...lavfi('color=black:size=160x180:rate=30:duration=1,setsar=2'), ...h264]);

/** Thirty frames a second, but none at all from 1 to 2 s: what phones and screen recorders make. */
export const variableRateClip = () =>
  clip('variable.mp4', [
    ...picture({ seconds: 4, after: "select='not(between(n,31,59))'" }),
    ...sound(tone('lt(mod(t,0.5),0.1)'), 4),
    ...['-vsync', 'vfr', ...h264, ...aac],
  ]);

/** A second of one size, then one of another, as recorders of video calls write them; a click every half second. */
export const resizedClip = async () => {
  const part = (name: string, size: string) =>
    clip(name, [
      ...lavfi(`color=black:size=${size}:rate=30:duration=1,format=yuv420p,${bars}`),
      ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M'],
    ]);
  const parts = [await part('small.ivf', '320x180'), await part('large.ivf', '480x270')];
  const list = await written('parts.txt', parts.map((path) => `file '${path}'\n`).join(''));
  return clip('resized.webm', [
    ...['-f', 'concat', '-safe', '0', '-i', list, ...sound(tone('lt(mod(t,0.5),0.1)'), 2)],
    ...['-c:v', 'copy', '-c:a', 'libopus'],
  ]);
};

/** The last new picture comes at one second, the sound goes on to the fourth, and no length is stated. */
export const stillScreenClip = () =>
  clip('still-screen.webm', [
    ...[...picture({ seconds: 1 }), ...sound(tone('1'), 4)],
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-c:a', 'libopus', '-f', 'matroska', '-live', '1'],
  ]);

/** The sound's rate and channels change after a second, as they may where two broadcasts meet. */
export const changingSoundClip = async () => {
  const part = (name: string, offset: string, rate: string, channels: string) =>
    clip(name, [
      ...[...picture({ seconds: 1 }), ...sound(tone('1'), 1), ...h264, ...aac],
      ...['-ar', rate, '-ac', channels, '-output_ts_offset', offset],
    ]);
  const parts = [await part('stereo.ts', '0', '48000', '2'), await part('mono.ts', '1', '44100', '1')];
  return written('changing-sound.ts', Buffer.concat(await Promise.all(parts.map((path) => readFile(path)))));
};

/** An MP4 with four letters changed: the name of a track's format becomes one that nobody knows. */
export const renamedFormat = async (from: string, to: string) => {
  const bytes = Buffer.from(await readFile(await talkingClip()));
  bytes.write(to, bytes.indexOf(from, bytes.lastIndexOf('stsd', bytes.lastIndexOf(from))), 'latin1');
  return written(`${to}.mp4`, bytes);
};

/** Pixels two hundred times as wide as high. */
export const flatPixelsClip = () =>
  clip('flat-pixels.mp4', [...lavfi('color=black:size=160x90:rate=30:duration=1,setsar=200:max=200'), ...h264]);

export const tinyClip = () => clip('tiny.mp4', [...lavfi('color=red:size=16x16:rate=30:duration=1'), ...h264]);

/** A transport stream whose sound begins only at 1.5 s, as a receiver writes it that was tuned in just then. */
export const lateSoundStream = () =>
  clip('late-sound.ts', [
    ...[...picture({ seconds: 3 }), '-itsoffset', '1.5', ...sound(tone('1'), 1.5)],
    ...[...h264, ...aac],
  ]);

export const matroskaClip = () =>
  clip('container.mkv', [...picture({ seconds: 2 }), ...sound(tone('lt(t,1)'), 2), ...h264, ...aac]);

/** As a camcorder or a TV card writes it: two half pictures per frame, pixels a bit wider than high. */
export const broadcastStream = () =>
  clip('camcorder.ts', [
    ...lavfi('testsrc2=size=720x576:rate=50:duration=1,tinterlace=interleave_top,setfield=tff,setsar=16/15'),
    ...sound(tone('1'), 1),
    ...['-c:v', 'mpeg2video', '-flags', '+ilme+ildct', '-b:v', '4M', '-c:a', 'mp2'],
  ]);

/** Ten bits, tagged as HDR10. */
export const hdrClip = () =>
  clip('hdr.mp4', [
    ...lavfi('testsrc2=size=160x90:rate=30:duration=1'),
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', '-color_trc', 'smpte2084'],
    ...['-color_primaries', 'bt2020', '-colorspace', 'bt2020nc'],
  ]);

/** A cover picture first, then the video, two sound tracks and a subtitle. */
export const crowdedClip = async () => {
  const cover = await clip('cover.png', [...lavfi('color=green:size=64x64:duration=1'), '-frames:v', '1']);
  const words = await written('words.srt', '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
  return clip('crowded.mp4', [
    ...['-i', await talkingClip(), '-i', cover, '-i', words],
    ...['-map', '1:v', '-map', '0:v', '-map', '0:a', '-map', '0:a', '-map', '2:s'],
    ...['-c', 'copy', '-c:s', 'mov_text', '-disposition:v:0', 'attached_pic', '-metadata', 'location=+48.1+011.5/'],
  ]);
};

export const audioClip = () => clip('voice.m4a', [...sound(tone('1'), 1), ...aac]);

/** A download that stopped half-way: the index is there, the second half is not. */
export const cutOffClip = async () =>
  half('cut-off.mp4', await clip('whole.mp4', [...noisy, '-movflags', '+faststart']));

/** A recording whose writer died: the index, written last, is missing. */
export const unfinishedClip = async () => half('unfinished.mp4', await clip('unfinished-whole.mp4', noisy));

export const textFile = () => written('text.mp4', 'Dear diary, today nothing happened.\n'.repeat(20));

/** Bytes without meaning, the same every time. */
export const noiseFile = () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * index * 31 + index * 7919) >> 3));
  return written('noise.mp4', bytes);
};

export const emptyFile = () => written('empty.mp4', '');

/** A file that lists other files: harmless to read, dangerous to follow. */
export const playlistFile = async () =>
  written('playlist.mp4', `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${await talkingClip()}\n#EXT-X-ENDLIST\n`);

export const concatFile = async () => written('concat.mp4', `ffconcat version 1.0\nfile ${await talkingClip()}\n`);

/** Makes a clip once per recipe and FFmpeg; test files that run side by side share it. */
export async function clip(name: string, args: string[]): Promise<string> {
  const { ffmpegPath } = await testMedia();
  const path = await placeFor(name, [ffmpegPath, ...args]);
  if (await exists(path)) return path;
  await atOnce(path, async (unfinished) => {
    const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'];
    // Two names of one thing: the extension chooses the container, so it stays last.
    await runProgram({ path: ffmpegPath, args: [...quiet, ...args, unfinished], wallSeconds: 60 });
  });
  return path;
}

const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];

const bars = "geq=lum='if(mod(floor(N/pow(2,floor(X*8/W))),2),220,30)':cb=128:cr=128";

const picture = ({ seconds, rate = '30', after }: { seconds: number; rate?: string; after?: string }) =>
  lavfi(
    [
      `color=black:size=320x180:rate=${rate}:duration=${seconds}`,
      'format=yuv420p',
      bars,
      ...(after ? [after] : []),
    ].join(','),
  );

const tone = (when: string) => `0.5*sin(2*PI*440*t)*${when}`;

const sound = (expression: string, seconds: number) =>
  lavfi(`aevalsrc='${expression}':sample_rate=48000:duration=${seconds}`);

const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p'];
const aac = ['-c:a', 'aac', '-b:a', '96k'];

/** Noise cannot be packed well, so that the file's second half is really its second half. */
const noisy = [
  ...lavfi('nullsrc=size=160x90:rate=30:duration=4,geq=random(1)*255:128:128'),
  ...sound(tone('1'), 4),
  ...h264,
  ...aac,
];

async function half(name: string, wholePath: string): Promise<string> {
  const path = await placeFor(name, [wholePath]);
  const { size } = await stat(wholePath);
  const file = await open(wholePath);
  const { buffer } = await file.read(Buffer.alloc(Math.floor(size / 2)), 0, Math.floor(size / 2), 0);
  await file.close();
  await atOnce(path, (unfinished) => writeFile(unfinished, buffer));
  return path;
}

async function written(name: string, content: string | Buffer): Promise<string> {
  const path = await placeFor(name, [content.toString('latin1')]);
  await atOnce(path, (unfinished) => writeFile(unfinished, content));
  return path;
}

async function placeFor(name: string, recipe: string[]): Promise<string> {
  const folder = join(
    tmpdir(),
    'tessera-test-clips',
    createHash('sha256').update(recipe.join('\0')).digest('hex').slice(0, 16),
  );
  await mkdir(folder, { recursive: true });
  return join(folder, name);
}

async function atOnce(path: string, make: (unfinished: string) => Promise<unknown>): Promise<void> {
  const unfinished = path.replace(/([^/\\]*)$/, `${process.pid}-$1`);
  await make(unfinished);
  await rename(unfinished, path);
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
