import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeExpression } from '../../../shared/engine/media/filter-graph.ts';
import {
  between,
  type FrameRange,
  framesTouching,
  intersect,
  merged,
} from '../../../shared/engine/media/frame-ranges.ts';
import { editingRate, framesPerSecond, pairedSampleRate } from '../../../shared/engine/media/frame-rate.ts';

const frames = 200;
const range = fc
  .tuple(fc.nat(frames), fc.nat(frames))
  .map(([a, b]): FrameRange => ({ startFrame: Math.min(a, b), endFrame: Math.max(a, b) }));
const ranges = fc.array(range, { maxLength: 30 });

describe('ranges of frames', () => {
  it('merged hold the same frames, in order and apart', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const result = merged(given);
        expect(framesOf(result)).toEqual(framesOf(given));
        for (const [index, next] of result.slice(1).entries())
          expect(next.startFrame).toBeGreaterThan(result[index]?.endFrame ?? Number.NaN);
      }),
    );
  });

  it('intersected hold the frames that both hold', () => {
    fc.assert(
      fc.property(ranges, ranges, (left, right) => {
        const [a, b] = [framesOf(left), framesOf(right)];
        expect(framesOf(intersect(merged(left), merged(right)))).toEqual(
          new Set([...a].filter((frame) => b.has(frame))),
        );
      }),
    );
  });

  it('are picked by the expression that FFmpeg gets', () => {
    fc.assert(
      fc.property(ranges, (given) => {
        const kept = merged(given);
        const expression = rangeExpression(kept);
        const picked = Array.from({ length: frames }, (_, n) => n).filter((n) => evaluate(expression, n));
        expect(new Set(picked)).toEqual(framesOf(kept));
      }),
    );
  });

  it('nest a dozen deep for thousands of cuts', () => {
    const many = Array.from({ length: 4000 }, (_, index) => ({ startFrame: index * 10, endFrame: index * 10 + 5 }));
    expect(depth(rangeExpression(many))).toBeLessThanOrEqual(14);
  });
});

describe('intervals of time', () => {
  const interval = fc
    .tuple(fc.double({ min: 0, max: 8, noNaN: true }), fc.double({ min: 0, max: 8, noNaN: true }))
    .map(([a, b]) => ({ startSeconds: Math.min(a, b), endSeconds: Math.max(a, b) }));

  it('and the gaps between them share no moment, and together fill the whole', () => {
    fc.assert(
      fc.property(fc.array(interval), fc.double({ min: 0, max: 8, noNaN: true }), (given, moment) => {
        const isIn = (list: typeof given) =>
          list.some(({ startSeconds, endSeconds }) => startSeconds < moment && moment < endSeconds);
        const isEdge = [...given, { startSeconds: 0, endSeconds: 8 }].some(
          ({ startSeconds, endSeconds }) => startSeconds === moment || endSeconds === moment,
        );
        if (!isEdge) expect(isIn(between(given, 8))).toBe(!isIn(given));
      }),
    );
  });

  it('are covered by the frames that touch them', () => {
    const rate = { numerator: 30_000, denominator: 1001 };
    fc.assert(
      fc.property(interval, (given) => {
        const { startFrame, endFrame } = framesTouching(given, rate, 1000);
        const seconds = (frame: number) => frame / framesPerSecond(rate);
        expect(seconds(startFrame)).toBeLessThanOrEqual(given.startSeconds + 1e-6);
        expect(seconds(endFrame)).toBeGreaterThanOrEqual(given.endSeconds - 1e-6);
      }),
    );
  });
});

describe('rates', () => {
  it.each([
    ['24000/1001', 24_000, 1001, 48_000],
    ['25', 25, 1, 48_000],
    ['30000/1001', 30_000, 1001, 60_000],
    ['30', 30, 1, 48_000],
    ['60000/1001', 60_000, 1001, 60_000],
  ])('pair every frame at %s with whole samples', (_name, numerator, denominator, wanted) => {
    const { sampleRate, samplesPerFrame } = pairedSampleRate({ numerator, denominator });
    expect(sampleRate).toBe(wanted);
    expect(Number.isInteger(samplesPerFrame)).toBe(true);
  });

  it('pair whole samples with any rate that a file may state, at a rate that FFmpeg takes', () => {
    const anyRate = fc.record({
      numerator: fc.integer({ min: 1, max: 9e6 }),
      denominator: fc.integer({ min: 1, max: 1e5 }),
    });
    fc.assert(
      fc.property(anyRate, anyRate, (base, average) => {
        const { rate } = editingRate(base, average);
        const { sampleRate, samplesPerFrame } = pairedSampleRate(rate);
        expect(Number.isInteger(samplesPerFrame)).toBe(true);
        expect(sampleRate).toBeGreaterThanOrEqual(48_000);
        expect(sampleRate).toBeLessThanOrEqual(192_000);
        expect(framesPerSecond(rate)).toBeLessThanOrEqual(120.01);
      }),
    );
  });
});

function framesOf(list: FrameRange[]): Set<number> {
  const all = list.flatMap(({ startFrame, endFrame }) =>
    Array.from({ length: endFrame - startFrame }, (_, index) => startFrame + index),
  );
  return new Set(all.sort((a, b) => a - b));
}

/** The little of FFmpeg's expression language that we use. */
function evaluate(expression: string, n: number): boolean {
  const script = expression.replaceAll('if(', 'choose(');
  const choose = (condition: boolean, yes: boolean, no: boolean) => (condition ? yes : no);
  const call = new Function('n', 'choose', 'lt', 'between', `return ${script}`);
  return Boolean(
    call(
      n,
      choose,
      (a: number, b: number) => a < b,
      (x: number, low: number, high: number) => x >= low && x <= high,
    ),
  );
}

function depth(expression: string): number {
  let open = 0;
  let deepest = 0;
  for (const letter of expression) {
    if (letter === '(') open += 1;
    if (letter === ')') open -= 1;
    deepest = Math.max(deepest, open);
  }
  return deepest;
}
