import { cpus } from 'node:os';
import { findFfmpeg } from '../../shared/engine/media/find-ffmpeg.ts';
import { openJourney } from './journey.ts';
import { medians } from './medians.ts';
import { benchClip, benchConditions, openContenders } from './render.ts';
import { amountOf } from './short.ts';

const rounds = amountOf(5, 1);
const targets: Readonly<Record<string, number>> = { render: 1.1, journey: 1.35 };
const names: Readonly<Record<string, string>> = {
  render: 'our render alone',
  handWritten: 'the same edit, one hand-written command',
  transcode: 'bare transcode, no edit',
  wholeEdit: 'our whole edit (probe, measure, render, thumbnail)',
  journey: 'the whole journey (upload to results folder)',
};

/** An edit beside the same edit written by hand as one FFmpeg command, and beside a bare transcode. */
export async function benchEdit(): Promise<void> {
  const { version } = await findFfmpeg(process.env);
  console.log(`FFmpeg ${version}, Node ${process.versions.node}, ${cpus().length} cores`);
  console.log(`${benchConditions}, median of ${rounds} interleaved\n`);
  const { contenders, close } = await openContenders();
  const journey = await openJourney(await benchClip());
  try {
    const seconds = await medians({ ...contenders, journey: journey.run }, rounds, (done, of) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of}${done === of ? '\r\x1b[K' : ''}`);
    });
    console.log(`${''.padEnd(52)}    median  ÷ hand  ÷ bare  target`);
    for (const [name, value] of Object.entries(seconds)) {
      const columns = [
        `${value.toFixed(2)} s`,
        (value / seconds.handWritten).toFixed(2),
        (value / seconds.transcode).toFixed(2),
      ];
      const target = targets[name] === undefined ? '' : `≤ ${targets[name]}`;
      console.log(
        `${(names[name] ?? name).padEnd(52)}${columns[0]?.padStart(10)}${columns[1]?.padStart(8)}${columns[2]?.padStart(8)}${target.padStart(8)}`,
      );
    }
  } finally {
    await journey.close();
    await close();
  }
}
