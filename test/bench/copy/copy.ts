import { cpus, loadavg, totalmem } from 'node:os';
import { now } from '../clock.ts';
import { amountOf, isShort } from '../short.ts';
import type { Contender, CopyJob, Measured } from './contender.ts';
import { crc32cOfContent, makeContent } from './content.ts';
import { type Emulator, openEmulator } from './emulator.ts';
import { openOurs } from './ours.ts';
import { curlIntoAws, libStorage, rclone } from './peers.ts';
import { openSource, type Source } from './source.ts';
import { judge, type Row, showTable } from './tables.ts';
import { type Found, findCurl, findVersitygw, installAwsCli, installRclone, isThere } from './tools.ts';

const limitBytesPerSecond = 20e6;

interface Scenario {
  readonly title: string;
  readonly objects: number;
  readonly bytes: number;
  readonly limit?: number;
  /** Our speed by the fastest peer's. */
  readonly target: number;
}

/** Our copy beside three others of the same bytes, into the same store, in one run: `npm run bench copy [-- --size GB]`. */
export async function benchCopy(options: readonly string[]): Promise<void> {
  const begin = now();
  const { largeBytes, only } = readOptions(options);
  const versitygw = await findVersitygw();
  if (!isThere(versitygw)) throw new Error(`There is no S3 to copy into: ${versitygw.name}: ${versitygw.skipped}`);
  const curl = await findCurl();
  // Building these two takes minutes.
  const aws = isShort ? notInShortRun('aws') : await installAwsCli();
  const rcloneFound = isShort ? notInShortRun('rclone') : await installRclone();
  const source = await openSource();
  const emulator = await openEmulator(versitygw, Math.max(largeBytes, 4e9)).catch(async (error) => {
    await source.close();
    throw error;
  });
  try {
    console.log(conditions(versitygw.version, emulator).join('\n'));
    const ours = await openOurs(emulator.environment);
    const peers = [rclone(rcloneFound, emulator), curlIntoAws(curl, aws, emulator), await libStorage(emulator)];
    for (const { name, options: how, skipped } of [ours, ...peers] as readonly Contender[])
      console.log(skipped ? `SKIPPED ${name}: ${skipped}` : `${name}: ${how}`);
    const here = { source, emulator, contenders: [ours, ...peers.filter(({ skipped }) => skipped === undefined)] };
    for (const [letter, scenario] of Object.entries(scenarios(largeBytes)))
      if (only === undefined || only.includes(letter)) await compare(here, scenario);
    if (only === undefined || only.includes('d')) await killed(here, ours, largeBytes);
  } finally {
    await emulator.close();
    await source.close();
  }
  console.log(`\n${((now() - begin) / 1000).toFixed(0)} s in all.`);
}

const notInShortRun = (name: string): Found => ({ name, skipped: 'not in a short run' });

function readOptions(options: readonly string[]) {
  const given = (name: string) => options[options.indexOf(name) + 1 || options.length];
  const gigabytes = Number(given('--size') ?? amountOf(5, 0.05));
  if (!(gigabytes > 0 && gigabytes <= 100)) throw new Error('--size wants gigabytes, for example --size 0.5');
  return { largeBytes: Math.round(gigabytes * 1e9), only: given('--only') ?? (isShort ? 'ad' : undefined) };
}

/** The small objects shrink in number with the large one's size, so that a trial is short. */
const scenarios = (largeBytes: number): Readonly<Record<string, Scenario>> => ({
  a: { title: `One object of ${largeBytes / 1e9} GB`, objects: 1, bytes: largeBytes, target: 0.95 },
  b: {
    title: `One object of ${largeBytes / 1e9} GB, each connection at most 20 MB/s`,
    ...{ objects: 1, bytes: largeBytes, limit: limitBytesPerSecond, target: 4 },
  },
  c: {
    title: `${smallCount(largeBytes)} objects of 20 MB, each connection at most 20 MB/s`,
    ...{ objects: smallCount(largeBytes), bytes: 20e6, limit: limitBytesPerSecond, target: 2 },
  },
});

const smallCount = (largeBytes: number): number => Math.max(10, Math.round((200 * largeBytes) / 5e9));

interface Here {
  readonly source: Source;
  readonly emulator: Emulator;
  readonly contenders: readonly Contender[];
}

async function compare(here: Here, scenario: Scenario): Promise<void> {
  const rows: Row[] = [];
  for (const contender of here.contenders) {
    await here.source.limit(scenario.limit);
    const job = jobOf(here.source, scenario);
    try {
      const measured = await contender.copy(job);
      const { bytes, requests, connections } = await here.source.served();
      await verify(here.emulator, job, measured);
      rows.push({
        ...measured,
        name: contender.name,
        bytes: job.bytes * job.objects.length,
        served: bytes,
        requests,
        connections,
      });
    } catch (error) {
      rows.push({ name: contender.name, failed: error instanceof Error ? error.message : String(error) });
    }
    await here.emulator.clear();
  }
  console.log(`\n${showTable(scenario.title, rows, scenario.target)}`);
}

function jobOf(source: Source, { objects, bytes }: Pick<Scenario, 'objects' | 'bytes'>): CopyJob {
  const names = Array.from({ length: objects }, (_, index) => `copy-${String(index).padStart(3, '0')}`);
  return { bytes, objects: names.map((name) => ({ link: source.urlOf(bytes, name), key: `${name}.mp4` })) };
}

const content = makeContent();

/** Reads every object back; what is not whole has not been copied, however fast. */
async function verify(emulator: Emulator, { bytes, objects }: CopyJob, measured: Measured): Promise<void> {
  const expected = await crc32cOfContent(content, bytes);
  // Ours gives its objects the keys that its rule says.
  const copied = 'copied' in measured ? (measured.copied as readonly { key: string; crc32c: string }[]) : objects;
  if (copied.length !== objects.length) throw new Error(`${copied.length} of ${objects.length} objects were copied.`);
  for (const object of copied) {
    const found = await emulator.look(object.key);
    const told = 'crc32c' in object ? object.crc32c : expected;
    if (found.bytes !== bytes || found.crc32c !== expected || told !== expected)
      throw new Error(
        `${object.key} has ${found.bytes} bytes with CRC32C ${found.crc32c}, not ${bytes} with ${expected}.`,
      );
  }
}

async function killed(here: Here, ours: Awaited<ReturnType<typeof openOurs>>, bytes: number): Promise<void> {
  for (const limit of [undefined, limitBytesPerSecond]) {
    await here.source.limit(limit);
    const job = jobOf(here.source, { objects: 1, bytes });
    const measured = await ours.killedHalfWay(job, here.source);
    const { bytes: served, connections } = await here.source.served();
    await verify(here.emulator, job, measured);
    await here.emulator.clear();
    console.log(`\n${judge.refetched(served - bytes, connections, limit)}`);
  }
}

function conditions(emulatorVersion: string, emulator: Emulator): readonly string[] {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const busy = `The machine is busy (load ${load.toFixed(1)} on ${cpus().length} cores): only ratios, and those with care.`;
  return [
    `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${memory}, Node ${process.versions.node}`,
    `Loopback, plain HTTP/1.1. Into versitygw ${emulatorVersion} on ${emulator.folder.split('/tessera')[0]}. Every object is read back and its CRC32C compared.`,
    ...(load > cpus().length / 2 ? [busy] : []),
  ];
}
