import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import { between, framesTouching, merged } from '../media/frame-ranges.ts';
import { framesPerSecond } from '../media/frame-rate.ts';
import { keeping } from '../media/timeline.ts';
import { defineTile } from './tile.ts';

/** Cuts pauses out, and leaves a little of each on both sides so that words can breathe. */
export const silenceRemoval = defineTile({
  nodeTypeId: 'a22d0b93-2bbf-479d-8efd-d446163982e8',
  name: 'Silence Removal',
  docsPath: 'tiles/silence-removal',
  parameters: z.strictObject({
    /** Sound that never gets louder than this counts as silence. 0 is as loud as digital sound gets. */
    threshold_db: z.number().min(-90).max(-5).default(-35),
    min_silence_seconds: z.number().min(0.1).max(30).default(0.5),
    padding_seconds: z.number().min(0).max(5).default(0.1),
  }),
  measures: (parameters) => ({
    silences: { thresholdDb: parameters.threshold_db, minSeconds: parameters.min_silence_seconds },
  }),
  plan({ timeline, measured, parameters }) {
    const { silences = [] } = measured;
    if (silences.length === 0) return timeline;
    const { source, frameRate } = timeline;
    const speech = between(silences, source.frames / framesPerSecond(frameRate));
    const padded = speech.map(({ startSeconds, endSeconds }) => ({
      startSeconds: startSeconds - parameters.padding_seconds,
      endSeconds: endSeconds + parameters.padding_seconds,
    }));
    const kept = keeping(
      timeline,
      merged(padded.map((interval) => framesTouching(interval, frameRate, source.frames))),
    );
    if (kept.kept.length === 0) throw nothingLeft(parameters.threshold_db);
    return kept;
  },
});

const nothingLeft = (thresholdDb: number) =>
  new InvalidInput(
    `nothing but silence: no sound is louder than ${thresholdDb} dB, so Silence Removal would keep nothing; lower threshold_db`,
    { thresholdDb },
  );
