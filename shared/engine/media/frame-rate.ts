/** Frames per second as FFmpeg writes it: 30000/1001 is not 29.97. */
export interface FrameRate {
  numerator: number;
  denominator: number;
}

export const framesPerSecond = ({ numerator, denominator }: FrameRate): number => numerator / denominator;

/** The rate at which a video is edited: its own when constant, else the one that loses no picture. */
export function editingRate(base: FrameRate, average: FrameRate): { rate: FrameRate; variable: boolean } {
  const baseFps = framesPerSecond(base);
  const averageFps = framesPerSecond(average);
  const variable = Math.abs(baseFps - averageFps) / baseFps > 0.005;
  // FFmpeg's base rate is the slowest that fits every time stamp. Phones with uneven stamps get absurd ones.
  if (baseFps <= (variable ? 60.1 : 120)) return { rate: tidy(baseFps), variable };
  const rate = usualRates.find((usual) => framesPerSecond(usual) >= averageFps * 0.995);
  return { rate: rate ?? { numerator: 60, denominator: 1 }, variable };
}

export function parseRate(text: string | undefined): FrameRate | undefined {
  const [numerator = 0, denominator = 1] = (text ?? '').split('/').map(Number);
  return numerator > 0 && denominator > 0 ? { numerator, denominator } : undefined;
}

/**
 * The audio rate at which one video frame lasts a whole number of samples. Cutting then happens in whole frames on both
 * tracks with the same expression, so sound and picture cannot drift apart, however many cuts there are.
 */
export function pairedSampleRate({ numerator, denominator }: FrameRate): {
  sampleRate: number;
  samplesPerFrame: number;
} {
  const step = numerator / greatestCommonDivisor(numerator, denominator);
  const sampleRate = Math.ceil(48_000 / step) * step;
  return { sampleRate, samplesPerFrame: (sampleRate * denominator) / numerator };
}

const usualRates: FrameRate[] = [
  { numerator: 24_000, denominator: 1001 },
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30_000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60_000, denominator: 1001 },
  { numerator: 60, denominator: 1 },
];

/** The simplest fraction within a frame per hour or so: keeps `pairedSampleRate` small for rates like 2997003/100000. */
function tidy(fps: number): FrameRate {
  for (const denominator of [1, 1001, 2, 3, 4, 5, 8, 10, 100]) {
    const numerator = Math.round(fps * denominator);
    if (numerator > 0 && Math.abs(numerator / denominator - fps) / fps < 2e-5) return { numerator, denominator };
  }
  return { numerator: Math.max(1, Math.round(fps * 100)), denominator: 100 };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
