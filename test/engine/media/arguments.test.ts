import { describe, expect, it } from 'vitest';
import { filterGraph } from '../../../shared/engine/media/filter-graph.ts';
import type { Probe } from '../../../shared/engine/media/probe.ts';
import { renderArguments } from '../../../shared/engine/media/render.ts';
import { keeping, type Timeline, timelineOf, withStep } from '../../../shared/engine/media/timeline.ts';

const source: Probe = {
  name: '-clip.mp4',
  path: '/in/-clip.mp4',
  sizeBytes: 1,
  format: 'mov',
  durationSeconds: 4,
  video: {
    ...{ streamIndex: 0, width: 320, height: 180, delaySeconds: 0, squarePixels: true },
    ...{ stored: { width: 320, height: 180 }, lastPictureSeconds: 3.97 },
    ...{ frameRate: { numerator: 30, denominator: 1 }, variableFrameRate: false, frames: 120 },
    ...{ pixelFormat: 'yuv420p', fullRange: false, interlaced: false, dynamicRange: 'sdr' },
  },
  sound: { streamIndex: 1, channels: 2, sampleRate: 48_000 },
};

describe('the filter graph', () => {
  it('of an untouched video cuts nothing', () => {
    expect(filterGraph(timelineOf(source), source)).toBe(
      [
        '[0:0]scale=320:180,fps=30/1:start_time=0,tpad=stop_mode=clone:stop_duration=2,trim=end_frame=120,format=yuv420p,format=yuv420p,setsar=1[picture];',
        '[0:1]aresample=48000:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=mono|stereo,apad=whole_len=192000,atrim=end_sample=192000[sound]',
        '',
      ].join('\n'),
    );
  });

  it('picks frames and sound with the same words', () => {
    const graph = filterGraph(keeping(timelineOf(source), [range(0, 30), range(60, 90)]), source);
    const picked = "'if(lt(n,60),between(n,0,29),between(n,60,89))'";
    expect(graph).toContain(`select=${picked},settb=1/(30/1),setpts=N,fps=30/1`);
    expect(graph).toContain(`asetnsamples=n=1600,aselect=${picked},asetpts=N/SR/TB`);
  });

  it('does the steps in their order, each mark from an input of its own', () => {
    let timeline: Timeline = timelineOf(source);
    timeline = withStep(timeline, { kind: 'mark', x: 1, y: 2, width: 50, opacity: 1 });
    timeline = withStep(timeline, { kind: 'crop', x: 4, y: 6, width: 100, height: 80 });
    timeline = withStep(timeline, { kind: 'mark', x: 3, y: 4, width: 50, opacity: 1 });
    const [first, , second, , third] = filterGraph(timeline, source).split(';\n');
    expect(first).toMatch(/\[under1\]$/);
    expect(second).toMatch(/^\[under1\]\[mark1\]overlay=x=1:y=2:.*,crop=100:80:4:6\[under2\]$/);
    expect(third).toMatch(/^\[under2\]\[mark2\]overlay=x=3:y=4:.*\[picture\]$/);
  });

  it('moves both tracks when the picture starts later than the sound', () => {
    const late = { ...source, video: { ...source.video, delaySeconds: 0.021 } };
    const graph = filterGraph(timelineOf(late), late);
    expect(graph).toContain('[0:0]scale=320:180,setpts=PTS-0.021000/TB,fps');
    expect(graph).toContain('[0:1]asetpts=PTS-0.021000/TB,aresample');
  });

  it('brings full range, interlaced and HDR pictures to the usual form first', () => {
    const first = (video: Partial<Probe['video']>) => {
      const special = { ...source, video: { ...source.video, ...video } };
      return filterGraph(timelineOf(special), special).split(';')[0];
    };
    expect(first({ fullRange: true })).toContain('scale=out_range=tv');
    expect(first({ interlaced: true })).toMatch(/^\[0:0\]scale=320:180,bwdif=mode=send_frame,fps=/);
    expect(first({ dynamicRange: 'hlg' })).toContain('tonemap=hable');
  });
});

describe('the command', () => {
  const args = renderArguments({
    source,
    graph: ['-/filter_complex', '/w/graph.txt'],
    markPaths: ['/w/mark-1.png'],
    outputPath: '/w/out.mp4',
  });

  it('opens local files only, each as the format that it is known to be', () => {
    const inputs = args.flatMap((word, index) => (word === '-i' ? [args.slice(index - 6, index + 2)] : []));
    expect(inputs.map((words) => [words[5], words[7]])).toEqual([
      ['mov', 'file:/in/-clip.mp4'],
      ['png_pipe', 'file:/w/mark-1.png'],
    ]);
    for (const words of inputs) expect(words.slice(0, 2)).toEqual(['-protocol_whitelist', 'file,pipe']);
    expect(inputs[0]?.[3]?.split(',')).not.toEqual(expect.arrayContaining(['hls']));
    expect(inputs[0]?.[3]?.split(',')).not.toEqual(expect.arrayContaining(['concat']));
  });

  it('reads the source once and encodes once', () => {
    expect(args.filter((word) => word === '-c:v')).toHaveLength(1);
    expect(args.filter((word) => word === 'file:/in/-clip.mp4')).toHaveLength(1);
    expect(args.at(-1)).toBe('file:/w/out.mp4');
  });

  it('maps its own tracks only, without the metadata of the source', () => {
    expect(args.join(' ')).toContain('-map [picture] -map [sound] -map_metadata -1 -map_chapters -1');
  });
});

const range = (startFrame: number, endFrame: number) => ({ startFrame, endFrame });
