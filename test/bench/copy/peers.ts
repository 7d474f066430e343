import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bucketName } from './bucket-name.ts';
import { type Contender, type CopyJob, measureCommand } from './contender.ts';
import type { Emulator } from './emulator.ts';
import { bundled, startProgram } from './node-program.ts';
import { atOnce, objectsAtOnce, partMib } from './parallel.ts';
import { type Found, isThere } from './tools.ts';

const libStorageVersion: { version: string } = createRequire(import.meta.url)('@aws-sdk/lib-storage/package.json');

/** `rclone copyurl`: one connection to the source for each object, several to the store. */
export function rclone(found: Found, emulator: Emulator): Contender {
  const options = [
    ...[
      '--s3-upload-concurrency',
      `${atOnce}`,
      '--s3-chunk-size',
      `${partMib}Mi`,
      '--multi-thread-streams',
      `${atOnce}`,
    ],
    ...['--transfers', `${objectsAtOnce}`],
  ];
  const remote = `:s3,provider=Other,env_auth,endpoint="${emulator.url}",no_check_bucket:${bucketName}`;
  const program = isThere(found) ? found.program : '';
  const command = ({ objects }: CopyJob): [string, ...string[]] => {
    const [only] = objects;
    if (only && objects.length === 1) return [program, 'copyurl', ...options, only.link, `${remote}/${only.key}`];
    const list = join(emulator.folder, 'urls.csv');
    writeFileSync(list, objects.map(({ link, key }) => `${link},${key}\n`).join(''));
    return [program, 'copyurl', '--urls', ...options, list, remote];
  };
  return {
    ...said(found, 'rclone copyurl', options.join(' ')),
    copy: (job) => measureCommand(command(job), emulator.environment),
  };
}

/** `curl | aws s3 cp -`, for many objects several pairs at once. */
export function curlIntoAws(curl: Found, aws: Found, emulator: Emulator): Contender {
  const config = join(emulator.folder, 'aws-config');
  writeFileSync(
    config,
    `[default]\ns3 =\n  max_concurrent_requests = ${atOnce}\n  multipart_chunksize = ${partMib}MB\n  addressing_style = path\n`,
  );
  const [curlProgram, awsProgram] = [curl, aws].map((found) => (isThere(found) ? found.program : ''));
  const pair = (bytes: number) =>
    `${curlProgram} -sSf "$1" | ${awsProgram} s3 cp --only-show-errors --expected-size ${bytes} - "s3://${bucketName}/$2"`;
  const command = ({ objects, bytes }: CopyJob): [string, ...string[]] => {
    const [only] = objects;
    if (only && objects.length === 1) return ['bash', '-o', 'pipefail', '-c', pair(bytes), 'copy', only.link, only.key];
    const list = join(emulator.folder, 'pairs');
    writeFileSync(list, objects.map(({ link, key }) => `${link} ${key}\n`).join(''));
    const each = `bash -o pipefail -c '${pair(bytes)}' copy`;
    return ['bash', '-c', `xargs -P ${objectsAtOnce} -n 2 ${each} < ${list}`];
  };
  const missing = [curl, aws].find((found) => !isThere(found));
  return {
    ...said(
      missing ?? aws,
      'curl | aws s3 cp -',
      `max_concurrent_requests ${atOnce}, multipart_chunksize ${partMib} MB, xargs -P ${objectsAtOnce}`,
    ),
    copy: (job) => measureCommand(command(job), { ...emulator.environment, AWS_CONFIG_FILE: config }),
  };
}

/** `Upload` of @aws-sdk/lib-storage, fed by one stream from the source for each object. */
export async function libStorage(emulator: Emulator): Promise<Contender> {
  const program = await bundled('lib-storage-process');
  return {
    name: `lib-storage Upload (${libStorageVersion.version})`,
    options: `queueSize ${atOnce}, partSize ${partMib} MiB, ${objectsAtOnce} at once`,
    copy: async (job) => {
      const { said: _, ...measured } = await (await startProgram(program, job, emulator.environment)).ended;
      return measured;
    },
  };
}

const said = (found: Found, name: string, options: string) =>
  isThere(found)
    ? { name: `${name} (${found.version})`, options }
    : { name, options, skipped: `${found.name}: ${found.skipped}` };
