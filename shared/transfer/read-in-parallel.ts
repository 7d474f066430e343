import { sniffBytes } from '../inspect/sniff.ts';
import { crc32cOf, joinCrc32c } from '../platform/crc32c.ts';
import { RangesIgnored, SourceBroke, SourceBusy } from './errors.ts';
import { type Reading, type Sending, sendingOf } from './part-sender.ts';
import { firstOfPart, type PartInHand, type Stretch, stretchesOf } from './parts.ts';
import type { Answered } from './source.ts';

/** How often a stretch is taken up where its connection broke. */
const maxBreaks = 4;

/**
 * Reads what is missing by several connections at once, a part or a stretch of one each, and sends each part while the
 * next are read. A part is asked for only when there is memory for it, so a crash loses no more than memory holds.
 */
export async function readInParallel(reading: Reading, opened?: Answered): Promise<void> {
  const open = new Set<Answered>();
  const inHand = new Set<PartInHand>();
  const sending = sendingOf(reading, () => {
    for (const answer of open) answer.discard();
    waitNoLonger(reading, inHand);
  });
  const { connections, perPart } = connectionsFor(reading);
  const tasks = stretchesOf(reading.layout, reading.missing(), { connections, perPart, begun: opened?.length });
  const copy = { ...reading, sending, open, tasks, inHand, opened, hasBegun: false };
  await allWorkers(copy, connections);
  await sending.settled().finally(() => forget(copy));
}

interface Copy extends Reading {
  readonly sending: Sending;
  readonly open: Set<Answered>;
  readonly tasks: Stretch[];
  readonly inHand: Set<PartInHand>;
  /** Being read already, from the first task's first byte. */
  opened: Answered | undefined;
  hasBegun: boolean;
}

/** Where memory has room for fewer parts than there are connections, several of these read each part. */
function connectionsFor({ connections, memory, layout }: Reading): { connections: number; perPart: number } {
  const parts = Math.max(1, Math.floor(memory.maxBytes / layout.partBytes));
  const perPart = Math.max(1, Math.floor(connections / parts));
  return { connections: Math.min(connections, parts * perPart), perPart };
}

/** The others begin when the first has its answer: until then the source might turn out to know no ranges. */
async function allWorkers(copy: Copy, connections: number): Promise<void> {
  const workers: Promise<void>[] = [];
  const crew = { alive: 0 };
  const begin = () => {
    crew.alive += 1;
    workers.push(work(copy, crew, beginOthers));
  };
  const beginOthers = () => {
    while (copy.tasks.length > 0 && workers.length < connections && !copy.sending.failure()) begin();
  };
  begin();
  for (let at = 0; at < workers.length; at += 1) await workers[at];
}

async function work(copy: Copy, crew: { alive: number }, answered: () => void): Promise<void> {
  for (let stretch = nextTask(copy); stretch; stretch = nextTask(copy)) {
    try {
      if ((await readStretch(copy, stretch, answered)) === 'no-memory') putBack(copy, stretch);
    } catch (error) {
      // A source that refuses so many connections may bear fewer.
      const mayLeave = crew.alive > 1 && (error instanceof SourceBusy || error instanceof SourceBroke);
      if (!mayLeave) copy.sending.fail(error);
      else {
        putBack(copy, stretch);
        // Its part holds memory that the others may be waiting for: then one of them is to read it.
        waitNoLonger(copy, copy.inHand);
      }
      break;
    }
  }
  crew.alive -= 1;
}

function putBack({ tasks }: Copy, stretch: Stretch): void {
  tasks.push(stretch);
  tasks.sort((a, b) => a.first - b.first);
}

function waitNoLonger({ memory }: Pick<Reading, 'memory'>, parts: Iterable<PartInHand>): void {
  for (const { buffer } of parts) if (buffer) memory.forgo(buffer);
}

/**
 * When the slice is over, what was begun is finished: else its bytes would be read again by whoever goes on. One part
 * is always begun: slices that came too late would hand over for ever.
 */
function nextTask(copy: Copy): Stretch | undefined {
  if (copy.sending.failure()) return undefined;
  const isOver = copy.hasBegun && copy.watch.isOver();
  copy.hasBegun = true;
  const at = isOver ? copy.tasks.findIndex(({ part }) => part.buffer !== undefined) : 0;
  return at === -1 ? undefined : copy.tasks.splice(at, 1)[0];
}

async function readStretch(copy: Copy, stretch: Stretch, answered: () => void): Promise<'read' | 'no-memory'> {
  const { part } = stretch;
  const { sending, inHand } = copy;
  const buffer = await bufferOf(copy, part);
  if (!buffer) return 'no-memory';
  for (let breaks = 0; stretch.filled < stretch.size && !sending.failure(); ) {
    const before = stretch.filled;
    try {
      await fill(copy, stretch, buffer, answered);
    } catch (error) {
      // A connection that breaks after some bytes is worth another at once.
      breaks += 1;
      if (!(error instanceof SourceBroke) || stretch.filled === before || breaks > maxBreaks) throw error;
    }
  }
  if (sending.failure() || part.stretches.some(({ filled, size }) => filled < size)) return 'read';
  // Of two workers that brought the last bytes at the same moment, one sends.
  if (inHand.delete(part)) sending.begin(part.partNumber, buffer, checksumOf(part));
  return 'read';
}

/** Undefined when it is not to be waited for. */
async function bufferOf({ memory, inHand }: Copy, part: PartInHand): Promise<Buffer | undefined> {
  inHand.add(part);
  part.buffer ??= memory.take(part.size);
  const taking = part.buffer;
  try {
    return await taking;
  } catch {
    // Another worker may have requested it again by now.
    if (part.buffer !== taking) return undefined;
    part.buffer = undefined;
    inHand.delete(part);
    return undefined;
  }
}

async function fill(copy: Copy, stretch: Stretch, buffer: Buffer, answered: () => void): Promise<void> {
  const { open, watch, progress, layout } = copy;
  const answer = await ask(copy, stretch);
  open.add(answer);
  answered();
  const offset = stretch.first - firstOfPart(layout, stretch.part.partNumber);
  const enough = stretch.first === 0 ? Math.min(sniffBytes, stretch.size) : Number.POSITIVE_INFINITY;
  try {
    await answer.pour((piece) => {
      buffer.set(piece, offset + stretch.filled);
      stretch.filled += piece.byteLength;
      // Piece by piece, while it is in the processor's cache.
      stretch.crc32c = crc32cOf(piece, stretch.crc32c);
      if (stretch.filled >= enough) copy.head?.(buffer.subarray(0, stretch.filled));
      watch.tick(progress);
      return undefined;
    });
  } finally {
    open.delete(answer);
  }
}

async function ask(copy: Copy, { first, filled, size }: Stretch): Promise<Answered> {
  const { source, pin, opened, sending } = copy;
  copy.opened = undefined;
  const answer = opened ?? (await source.read([first + filled, first + size - 1], pin));
  const failure = sending.failure();
  if (answer.isRange && !failure) return answer;
  answer.discard();
  throw failure ? failure.error : new RangesIgnored('The source answers every range with the whole file.');
}

const checksumOf = ({ stretches: [first, ...others] }: PartInHand): string =>
  others.reduce((sum, { crc32c = '', size }) => joinCrc32c(sum, crc32c, size), first?.crc32c ?? '');

/** Buffers of parts that nobody will finish. */
async function forget({ inHand, memory }: Copy): Promise<void> {
  for (const { buffer } of inHand) if (buffer) memory.release(await buffer);
}
