import { runProgram } from './run-ffmpeg.ts';

/** The two programs that all media work goes through. */
export interface Media {
  ffmpegPath: string;
  ffprobePath: string;
  /** The option by which this FFmpeg reads a filter graph from a file. */
  graphFileOption(): Promise<string>;
}

export function openMedia({ ffmpegPath, ffprobePath }: { ffmpegPath: string; ffprobePath: string }): Media {
  let option: Promise<string> | undefined;
  return {
    ffmpegPath,
    ffprobePath,
    graphFileOption: () => {
      option ??= findGraphFileOption(ffmpegPath);
      return option;
    },
  };
}

/** FFmpeg 7 brought `-/option FILE` and began to retire `-filter_complex_script`, the only way before. */
async function findGraphFileOption(ffmpegPath: string): Promise<string> {
  let libavutil = 0;
  await runProgram({
    path: ffmpegPath,
    args: ['-version'],
    wallSeconds: 20,
    onOutputLine: (line) => {
      libavutil = Number(/^libavutil\s+(\d+)\./.exec(line)?.[1] ?? libavutil);
    },
  });
  return libavutil >= 59 ? '-/filter_complex' : '-filter_complex_script';
}
