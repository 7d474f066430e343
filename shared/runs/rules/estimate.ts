import type { Rate } from '../run/rule-schemas.ts';

const bytesPerGigabyte = 1e9;

/** What an agent run will cost by the user's rate; undefined where something that it is reckoned from is not known. */
export function estimateRun(
  rate: Rate,
  { bytes, seconds }: { readonly bytes?: number; readonly seconds?: number },
): number | undefined {
  const parts = [
    rate.perRun,
    times(rate.perMinute, seconds === undefined ? undefined : seconds / 60),
    times(rate.perGigabyte, bytes === undefined ? undefined : bytes / bytesPerGigabyte),
  ].filter((part) => part !== undefined);
  if (parts.length === 0 || parts.some(Number.isNaN)) return undefined;
  // Fractions of a cent add up over a day, those of a thousandth of one do not.
  return Math.round(parts.reduce((sum, part) => sum + part, 0) * 1e5) / 1e5;
}

/** NaN: it costs something by a measure that is not known. */
const times = (rate: number | undefined, amount: number | undefined): number | undefined =>
  rate === undefined || rate === 0 ? undefined : rate * (amount ?? Number.NaN);
