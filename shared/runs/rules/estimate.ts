import type { Rate } from '../run/rule-schemas.ts';

const bytesPerGigabyte = 1e9;

/** Estimates the cost of an agent run by the user's rate; undefined if the rate needs a value that is not known. */
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
  // Rounded to a thousandth of a cent: larger fractions would add up over a day.
  return Math.round(parts.reduce((sum, part) => sum + part, 0) * 1e5) / 1e5;
}

/** NaN if the rate needs a value that is not known. */
const times = (rate: number | undefined, amount: number | undefined): number | undefined =>
  rate === undefined || rate === 0 ? undefined : rate * (amount ?? Number.NaN);
