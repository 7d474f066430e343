import type { FrameRange } from './frame-ranges.ts';
import { type FrameRate, framesPerSecond, pairedSampleRate } from './frame-rate.ts';
import { markHeight } from './mark.ts';
import type { Probe, VideoTrack } from './probe.ts';
import { keptFrames, type PictureStep, type Timeline } from './timeline.ts';

/** The whole edit as one FFmpeg filter graph: input 0 is the source, inputs 1… are the marks in the order of the steps. */
export function filterGraph(timeline: Timeline, source: Probe): string {
  const chains = pictureChains(timeline, source);
  if (source.sound !== undefined) chains.push(soundChain(timeline, source.video, source.sound.streamIndex));
  return `${chains.join(';\n')}\n`;
}

function pictureChains(timeline: Timeline, { video }: Probe): string[] {
  const chains: string[] = [];
  let chain = [
    ...toOneSize(video),
    ...fromPictureStart('setpts', video),
    ...toConstantRate(timeline, video),
    ...cut(timeline),
    ...toPlainPixels(video),
  ];
  let from = `[0:${video.streamIndex}]`;
  let marks = 0;
  for (const step of timeline.steps) {
    if (step.kind !== 'mark') {
      chain.push(stepFilter(step));
      continue;
    }
    marks += 1;
    chains.push(`${from}${chain.join(',')}[under${marks}]`);
    chains.push(`[${marks}:v]scale=${step.width}:${markHeight(step.width)}[mark${marks}]`);
    from = `[under${marks}][mark${marks}]`;
    chain = [`overlay=x=${step.x}:y=${step.y}:format=yuv420:eof_action=repeat`];
  }
  chains.push(`${from}${[...chain, 'format=yuv420p', 'setsar=1'].join(',')}[picture]`);
  return chains;
}

/** Time zero is the picture's first frame on every track; what was heard before it is left out. */
export const fromPictureStart = (filter: 'setpts' | 'asetpts', { delaySeconds }: VideoTrack): string[] =>
  delaySeconds === 0 ? [] : [`${filter}=PTS-${delaySeconds.toFixed(6)}/TB`];

/** A picture that changes its size half-way (as in recorded calls) must not make FFmpeg restart the graph and its frame count. */
const toOneSize = ({ stored }: VideoTrack): string[] =>
  stored === undefined ? [] : [`scale=${stored.width}:${stored.height}`];

/**
 * Then a constant rate: from here on a frame's number is its time. The last frame is held until the end, and a second
 * more, since containers round their duration; `trim` makes the count exact.
 */
const toConstantRate = (timeline: Timeline, { interlaced, lastPictureSeconds }: VideoTrack): string[] => [
  ...(interlaced ? ['bwdif=mode=send_frame'] : []),
  `fps=${rateText(timeline.frameRate)}:start_time=0`,
  `tpad=stop_mode=clone:stop_duration=${Math.ceil(Math.max(0, sourceSeconds(timeline) - lastPictureSeconds)) + 1}`,
  `trim=end_frame=${lastFrame(timeline)}`,
];

/** Dropped frames go before anything costly is done to them. */
function cut(timeline: Timeline): string[] {
  if (isWhole(timeline)) return [];
  const rate = rateText(timeline.frameRate);
  // The second `fps` changes no frame: it only tells the encoder the rate, which FFmpeg 7 forgets at `setpts`.
  return [`select='${rangeExpression(timeline.kept)}'`, `settb=1/(${rate})`, 'setpts=N', `fps=${rate}`];
}

function toPlainPixels({ dynamicRange, fullRange }: VideoTrack): string[] {
  if (dynamicRange !== 'sdr') return [...toneMapping];
  return [...(fullRange ? ['scale=out_range=tv'] : []), 'format=yuv420p'];
}

const toneMapping = [
  'zscale=transfer=linear:npl=100',
  'format=gbrpf32le',
  'zscale=primaries=bt709',
  'tonemap=hable:desat=0',
  'zscale=transfer=bt709:matrix=bt709:range=tv',
  'format=yuv420p',
];

function stepFilter(step: Exclude<PictureStep, { kind: 'mark' }>): string {
  switch (step.kind) {
    case 'crop':
      return `crop=${step.width}:${step.height}:${step.x}:${step.y}`;
    case 'scale':
      return `scale=${step.width}:${step.height},setsar=1`;
    case 'pad':
      return `pad=${step.width}:${step.height}:${step.x}:${step.y}:color=0x${step.color.slice(1)}`;
    case 'flip':
      return step.axis === 'horizontal' ? 'hflip' : 'vflip';
    case 'color':
      return `eq=${[
        `brightness=${step.brightness}:contrast=${step.contrast}:saturation=${step.saturation}:gamma=${step.gamma}`,
        ...(step.warmth === 0 ? [] : [`gamma_r=${round(1 + step.warmth / 4)}:gamma_b=${round(1 - step.warmth / 4)}`]),
      ].join(':')}`;
  }
}

/**
 * Sound is dealt out in packets exactly one picture frame long, and the same expression picks packets and frames.
 * Afterwards it gets the usual rate. Gaps are filled, and sound that starts late or ends early is made up with silence.
 */
function soundChain(timeline: Timeline, video: VideoTrack, streamIndex: number): string {
  const { sampleRate, samplesPerFrame } = pairedSampleRate(timeline.frameRate);
  const samples = lastFrame(timeline) * samplesPerFrame;
  return `[0:${streamIndex}]${[
    ...fromPictureStart('asetpts', video),
    `aresample=${sampleRate}:async=1:first_pts=0`,
    'aformat=sample_fmts=fltp:channel_layouts=mono|stereo',
    `apad=whole_len=${samples}`,
    `atrim=end_sample=${samples}`,
    ...(isWhole(timeline)
      ? []
      : [`asetnsamples=n=${samplesPerFrame}`, `aselect='${rangeExpression(timeline.kept)}'`, 'asetpts=N/SR/TB']),
    ...(sampleRate === 48_000 ? [] : ['aresample=48000']),
  ].join(',')}[sound]`;
}

/** True for the kept frames. A search tree: thousands of cuts cost a dozen comparisons per frame. */
export function rangeExpression(ranges: FrameRange[]): string {
  const middle = ranges.length >> 1;
  const [first, pivot] = [ranges[0], ranges[middle]];
  if (first === undefined || pivot === undefined) return '0';
  if (ranges.length === 1) return `between(n,${first.startFrame},${first.endFrame - 1})`;
  return `if(lt(n,${pivot.startFrame}),${rangeExpression(ranges.slice(0, middle))},${rangeExpression(ranges.slice(middle))})`;
}

export const renderedSeconds = (timeline: Timeline): number =>
  keptFrames(timeline) / framesPerSecond(timeline.frameRate);

const sourceSeconds = ({ source, frameRate }: Timeline): number => source.frames / framesPerSecond(frameRate);

const lastFrame = ({ kept }: Timeline): number => kept.at(-1)?.endFrame ?? 0;

const isWhole = ({ kept }: Timeline): boolean => kept.length === 1 && kept[0]?.startFrame === 0;

const rateText = ({ numerator, denominator }: FrameRate): string => `${numerator}/${denominator}`;

const round = (value: number): number => Math.round(value * 1000) / 1000;
