import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interval } from '../../../shared/engine/media/frame-ranges.ts';
import { markHeight } from '../../../shared/engine/media/mark.ts';
import { keptFrames, type PictureStep, type Timeline, timelineSchema } from '../../../shared/engine/media/timeline.ts';
import { readParameters, type Tile, tileFor, tiles } from '../../../shared/engine/tiles/index.ts';
import { mirror } from '../../../shared/engine/tiles/mirror.ts';
import { reframe } from '../../../shared/engine/tiles/reframe.ts';
import { silenceRemoval } from '../../../shared/engine/tiles/silence-removal.ts';
import { watermark } from '../../../shared/engine/tiles/watermark.ts';
import { InvalidInput } from '../../../shared/errors.ts';

describe('every tile', () => {
  it('is found by its node type, and no two share one', () => {
    expect(new Set(tiles.map(({ nodeTypeId }) => nodeTypeId)).size).toBe(tiles.length);
    for (const tile of tiles) expect(tileFor(tile.nodeTypeId)).toBe(tile);
    expect(tileFor('no-such-type')).toBeUndefined();
  });

  it.each(tiles.map((tile) => [tile.name, tile] as const))(
    '%s works without parameters and leaves a valid timeline',
    (_name, tile) => {
      const result = planned(tile, timeline(), {}, [{ startSeconds: 1, endSeconds: 2 }]);
      expect(timelineSchema.parse(result)).toEqual(result);
    },
  );

  it.each(tiles.map((tile) => [tile.name, tile] as const))(
    '%s refuses a parameter that it does not know',
    (name, tile) => {
      expect(() => readParameters(tile, { treshold: 1 })).toThrow(new RegExp(`^${name}: .*treshold`));
    },
  );

  it('says which parameter is wrong', () => {
    expect(() => readParameters(reframe, { aspect_ratio: '3:1' })).toThrow(/aspect_ratio/);
    expect(() => readParameters(watermark, { use_custom_logo: 'custom', image_id: 'x' })).toThrow(
      /own logo is not supported yet/,
    );
  });
});

describe('silence removal', () => {
  it('keeps the speech and some of the pause on both sides', () => {
    const silences = [
      { startSeconds: 1, endSeconds: 2 },
      { startSeconds: 3, endSeconds: 4 },
    ];
    const { kept } = planned(silenceRemoval, timeline(), { padding_seconds: 0.1 }, silences);
    expect(kept).toEqual([
      { startFrame: 0, endFrame: 33 },
      { startFrame: 57, endFrame: 93 },
    ]);
  });

  it('leaves a video without silence, or without sound, as it is', () => {
    expect(planned(silenceRemoval, timeline(), {}, [])).toEqual(timeline());
  });

  it('refuses to keep nothing', () => {
    const silent = () =>
      planned(silenceRemoval, timeline(), { threshold_db: -40 }, [{ startSeconds: 0, endSeconds: 4.02 }]);
    expect(silent).toThrow(InvalidInput);
    expect(silent).toThrow('nothing but silence: no sound is louder than -40 dB');
  });

  it('never brings back what was cut before it', () => {
    const cut = { ...timeline(), kept: [{ startFrame: 20, endFrame: 60 }] };
    const { kept } = planned(silenceRemoval, cut, { padding_seconds: 0 }, [{ startSeconds: 1, endSeconds: 1.5 }]);
    expect(kept).toEqual([
      { startFrame: 20, endFrame: 30 },
      { startFrame: 45, endFrame: 60 },
    ]);
  });

  it('keeps every moment of speech and gives a valid timeline, whatever was measured', () => {
    const moment = fc.integer({ min: 0, max: 4000 }).map((milliseconds) => milliseconds / 1000);
    const silence = fc
      .tuple(moment, moment)
      .map(([a, b]) => ({ startSeconds: Math.min(a, b), endSeconds: Math.max(a, b) }));
    const paddings = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(silence, { maxLength: 12 }), paddings, moment, (silences, padding_seconds, spoken) => {
        fc.pre(spoken > 0 && spoken < 4 && !silences.some((s) => s.startSeconds <= spoken && spoken <= s.endSeconds));
        const result = planned(silenceRemoval, timeline(), { padding_seconds }, silences);
        expect(timelineSchema.safeParse(result).success).toBe(true);
        const frame = Math.floor(spoken * 30);
        expect(result.kept.some(({ startFrame, endFrame }) => startFrame <= frame && frame < endFrame)).toBe(true);
      }),
    );
  });
});

describe('reframe', () => {
  it.each([
    ['9:16', 1920, 1080, 1080, 1920],
    ['1:1', 1920, 1080, 1080, 1080],
    ['16:9', 1080, 1920, 1920, 1080],
    ['9:16', 640, 480, 480, 854],
  ])('to %s makes %i × %i into %i × %i', (aspect_ratio, width, height, newWidth, newHeight) => {
    for (const fit of ['crop', 'pad']) {
      const result = planned(reframe, timeline({ width, height }), { aspect_ratio, fit });
      expect(result.frame).toEqual({ width: newWidth, height: newHeight });
    }
  });

  it('crops from the middle', () => {
    const { steps } = planned(reframe, timeline({ width: 1920, height: 1080 }), {});
    expect(steps).toEqual([
      { kind: 'crop', x: 656, y: 0, width: 608, height: 1080 },
      { kind: 'scale', width: 1080, height: 1920 },
    ]);
  });

  it('zooms out to show everything', () => {
    const { steps } = planned(reframe, timeline({ width: 1920, height: 1080 }), {
      fit: 'pad',
      background_color: '#112233',
    });
    expect(steps).toEqual([
      { kind: 'scale', width: 1080, height: 608 },
      { kind: 'pad', width: 1080, height: 1920, x: 0, y: 656, color: '#112233' },
    ]);
  });

  it('changes nothing when the shape is right already', () => {
    expect(planned(reframe, timeline({ width: 1920, height: 1080 }), { aspect_ratio: '16:9' }).steps).toEqual([]);
  });

  it('stays inside the picture at any size', () => {
    const side = fc.integer({ min: 1, max: 2000 }).map((half) => half * 2);
    const parameters = fc.record({
      aspect_ratio: fc.constantFrom('9:16', '1:1', '16:9'),
      fit: fc.constantFrom('crop', 'pad'),
    });
    fc.assert(
      fc.property(side, side, parameters, (width, height, chosen) => {
        const result = planned(reframe, timeline({ width, height }), chosen);
        expect(timelineSchema.safeParse(result).success).toBe(true);
        let frame = { width, height };
        for (const step of result.steps) {
          if (step.kind === 'crop') expectInside(step, frame);
          if (step.kind === 'pad') expectInside({ ...frame, x: step.x, y: step.y }, step);
          if ('height' in step) frame = { width: step.width, height: step.height };
        }
        expect(frame).toEqual(result.frame);
      }),
    );
  });
});

describe('watermark', () => {
  const vertical = { width: 1080, height: 1920 };

  it.each([
    ['top-left', 20, 30],
    ['top-right', 1080 - 324 - 20, 30],
    ['bottom-left', 20, 1920 - markHeight(324) - 30],
    ['bottom-right', 1080 - 324 - 20, 1920 - markHeight(324) - 30],
  ])('sits %s of the picture as it is then', (logo_position, x, y) => {
    const { steps } = planned(watermark, timeline(vertical), { logo_position, logo_margin_x: 20, logo_margin_y: 30 });
    expect(steps).toEqual([{ kind: 'mark', x, y, width: 324, opacity: 0.8 }]);
  });

  it('before a reframe is part of the picture, after it of the new frame', () => {
    const wide = timeline({ width: 1920, height: 1080 });
    const before = planned(reframe, planned(watermark, wide, {}), {});
    const after = planned(watermark, planned(reframe, wide, {}), {});
    expect(kinds(before.steps)).toEqual(['mark', 'crop', 'scale']);
    expect(before.steps[0]).toMatchObject({ x: 1920 - 576 - 20 });
    expect(kinds(after.steps)).toEqual(['crop', 'scale', 'mark']);
    expect(after.steps[2]).toMatchObject({ x: 1080 - 324 - 20 });
  });

  it('is replaced by a later one', () => {
    const twice = planned(watermark, planned(watermark, timeline(), {}), { logo_position: 'top-left' });
    expect(twice.steps).toHaveLength(1);
    expect(twice.steps[0]).toMatchObject({ x: 20, y: 20 });
  });

  it('stays inside even when its margins do not', () => {
    const { steps } = planned(watermark, timeline(), { logo_size: 100, logo_margin_x: 5000, logo_margin_y: 5000 });
    expect(steps[0]).toMatchObject({ x: 0, y: 0, width: 320 });
  });
});

it('mirroring twice is two flips, in the order asked for', () => {
  const flipped = planned(mirror, planned(mirror, timeline(), {}), { direction: 'vertical' });
  expect(flipped.steps).toEqual([
    { kind: 'flip', axis: 'horizontal' },
    { kind: 'flip', axis: 'vertical' },
  ]);
  expect(keptFrames(flipped)).toBe(120);
});

/** Four seconds at 30 frames per second. */
function timeline(frame = { width: 320, height: 180 }): Timeline {
  return {
    version: 1,
    source: { frames: 120, hasSound: true },
    frameRate: { numerator: 30, denominator: 1 },
    kept: [{ startFrame: 0, endFrame: 120 }],
    frame,
    steps: [],
  };
}

const planned = <Parameters>(
  tile: Tile<Parameters>,
  before: Timeline,
  parameters: unknown,
  silences: Interval[] = [],
) => tile.plan({ timeline: before, measured: { silences }, parameters: readParameters(tile, parameters) });

const kinds = (steps: PictureStep[]) => steps.map(({ kind }) => kind);

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function expectInside(inner: Box, outer: { width: number; height: number }) {
  expect(inner.x).toBeGreaterThanOrEqual(0);
  expect(inner.y).toBeGreaterThanOrEqual(0);
  expect(inner.x + inner.width).toBeLessThanOrEqual(outer.width);
  expect(inner.y + inner.height).toBeLessThanOrEqual(outer.height);
}
