import { InvalidArgumentError } from 'commander';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as people type it, as an ISO time: a day or a time of the user's clock, or how long ago. */
export function parseTime(text: string): string {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([mhd])$/.exec(text.trim()) ?? [];
  if (number !== undefined) return new Date(Date.now() - Number(number) * (unitMs[unit] ?? 0)).toISOString();
  // A day alone is the user's day; `Date` would take it for one of UTC.
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const time = new Date(isDay ? `${text}T00:00` : text);
  if (!/^\d{4}-/.test(text) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('Such as 2026-05-01, 2026-05-01T10:00, 90m, 2h or 3d.');
  return time.toISOString();
}
