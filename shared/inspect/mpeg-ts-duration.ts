import type { Ranges } from './ranged-reader.ts';

const ticksPerSecond = 90_000;
/** The clock of a transport stream has 33 bits, so it wraps around after about a day. */
const clockTicks = 2 ** 33;
const lookedAtBytes = 256 * 1024;

/**
 * How long an MPEG transport stream lasts. It says so nowhere, but its first and last pictures carry times, so its two
 * ends are enough; undefined where neither has one.
 */
export async function transportStreamSeconds({ size, read }: Ranges): Promise<number | undefined> {
  const head = timesIn(await read(0, Math.min(size, lookedAtBytes)));
  const tail = timesIn(await read(Math.max(0, size - lookedAtBytes), size));
  const [first] = head;
  if (first === undefined || tail.length === 0) return undefined;
  // Counted from the first time stamp, so that a clock that wrapped around in between does no harm.
  const since = [...head, ...tail].map((time) => (time - first + clockTicks) % clockTicks);
  // Pictures are stored before those that they are made of, so some times lie a little before the first one.
  const ticks = since.filter((time) => time < clockTicks / 2).reduce((most, time) => Math.max(most, time), 0);
  return ticks > 0 ? ticks / ticksPerSecond : undefined;
}

/** The times of the pictures and sounds that begin in these bytes. */
function timesIn(bytes: Uint8Array): readonly number[] {
  const times: number[] = [];
  const { first, period } = packetsOf(bytes);
  for (let at = first; at + 188 <= bytes.length; at += period) {
    if (bytes[at] !== 0x47) continue;
    const time = timeOf(bytes.subarray(at, at + 188));
    if (time !== undefined) times.push(time);
  }
  return times;
}

/** Where packets begin: a range need not begin with one. */
function packetsOf(bytes: Uint8Array): { first: number; period: number } {
  for (let first = 0; first < 192; first += 1)
    for (const period of [188, 192])
      if ([0, 1, 2, 3, 4].every((index) => bytes[first + index * period] === 0x47)) return { first, period };
  return { first: 0, period: 188 };
}

function timeOf(packet: Uint8Array): number | undefined {
  const byte = (at: number): number => packet[at] ?? 0;
  const beginsUnit = (byte(1) & 0x40) !== 0;
  const hasPayload = (byte(3) & 0x10) !== 0;
  if (!beginsUnit || !hasPayload) return undefined;
  const payload = 4 + ((byte(3) & 0x20) === 0 ? 0 : 1 + byte(4));
  const isMedia = byte(payload + 3) >= 0xc0 && byte(payload + 3) <= 0xef;
  const startCode = byte(payload) === 0 && byte(payload + 1) === 0 && byte(payload + 2) === 1;
  if (payload + 14 > packet.length || !startCode || !isMedia || (byte(payload + 7) & 0x80) === 0) return undefined;
  const time = payload + 9;
  return (
    ((byte(time) >> 1) & 7) * 2 ** 30 +
    byte(time + 1) * 2 ** 22 +
    (byte(time + 2) >> 1) * 2 ** 15 +
    byte(time + 3) * 2 ** 7 +
    (byte(time + 4) >> 1)
  );
}
