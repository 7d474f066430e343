import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Server, startServer } from '../../aws/processes.ts';
import { atExit } from './at-exit.ts';
import { bucketName } from './bucket-name.ts';
import { crc32cSum } from './content.ts';
import type { Tool } from './tools.ts';

/** What every program here needs to find the emulator. */
export type AwsEnvironment = Readonly<Record<string, string>>;

/**
 * An S3 that somebody else wrote, its objects in memory (`/dev/shm`), since a disk would be all that is measured. It
 * checks what it is given (CRC32C of parts and of the whole, `If-None-Match`), as S3 does.
 */
export async function openEmulator(versitygw: Tool, largestBytes: number) {
  const folder = mkdtempSync(join(roomFor(largestBytes), 'tessera-bench-s3-'));
  let server: Server | undefined;
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    const environment = { ROOT_ACCESS_KEY_ID: 'bench', ROOT_SECRET_ACCESS_KEY: 'benchbench' };
    const serve = [versitygw.program, '--keep-alive', '--quiet'];
    server = await startServer('versitygw', (port) => [
      'env',
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...[...serve, '--port', `127.0.0.1:${port}`, 'posix', data],
    ]);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const { url, stop } = server;
  const stay = atExit(() => {
    void stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const s3 = new S3Client({
    ...{ endpoint: url, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId: 'bench', secretAccessKey: 'benchbench' },
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  await s3.send(new CreateBucketCommand({ Bucket: bucketName }));
  const environment: AwsEnvironment = {
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'benchbench',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  return {
    url,
    folder,
    environment,
    /** Reads an object back: how long it is and its CRC32C. */
    async look(key: string): Promise<{ bytes: number; crc32c: string }> {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucketName, Key: key }));
      const sum = await crc32cSum();
      let bytes = 0;
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength;
        sum.update(chunk);
      }
      return { bytes, crc32c: sum.digest('hex') };
    },
    /** Makes room for the next. */
    async clear(): Promise<void> {
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: bucketName }));
      for (const { Key, UploadId } of Uploads)
        await s3.send(new AbortMultipartUploadCommand({ Bucket: bucketName, Key, UploadId }));
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucketName }));
      for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket: bucketName, Key }));
    },
    async close() {
      s3.destroy();
      await stop();
      stay();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Emulator = Awaited<ReturnType<typeof openEmulator>>;

/** An upload's parts and the object made of them are there at the same time. */
function roomFor(bytes: number): string {
  const folder = ['/dev/shm', tmpdir()].find((place) => {
    try {
      const { bavail, bsize } = statfsSync(place);
      return bavail * bsize > 2.5 * bytes;
    } catch {
      return false;
    }
  });
  if (folder === undefined)
    throw new Error(`There is no room for ${(2.5 * bytes) / 1e9} GB in /dev/shm or ${tmpdir()}.`);
  return folder;
}
