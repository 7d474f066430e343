import { startDynamoDbLocal, whyNoDynamoDbLocal } from './dynamodb-local.ts';
import { installMoto, motoVersion, startMoto } from './moto.ts';
import type { Server } from './processes.ts';
import { installVersitygw, startVersitygw, versitygwVersion } from './versitygw.ts';

/** Emulators that others wrote, one per service: whichever covers our port best. */
export interface Emulators {
  /** What the SDK needs to find them; a service without an emulator has no endpoint here. */
  readonly environment: Readonly<Record<string, string>>;
  /** One line per service: what shows it, or why nothing does. */
  readonly report: readonly string[];
  readonly complete: boolean;
  stop(): Promise<void>;
}

export async function startEmulators(): Promise<Emulators> {
  const servers: Server[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    const noMoto = await installMoto();
    const moto = noMoto === undefined ? await startMoto() : undefined;
    if (moto) servers.push(moto);
    const noVersitygw = await installVersitygw();
    const versitygw = noVersitygw === undefined ? await startVersitygw() : undefined;
    if (versitygw) servers.push(versitygw);
    const noDynamoDbLocal = await whyNoDynamoDbLocal();
    const dynamo = noDynamoDbLocal === undefined ? await startDynamoDbLocal() : undefined;
    if (dynamo) servers.push(dynamo);

    const table = dynamo ?? moto;
    const tableReport = dynamo
      ? 'table: DynamoDB Local'
      : moto
        ? `table: moto ${motoVersion} (not DynamoDB Local: ${noDynamoDbLocal})`
        : `table: SKIPPED (no DynamoDB Local: ${noDynamoDbLocal}; no moto: ${noMoto})`;
    const others = ['bucket', 'queue', 'secrets', 'bus'].map(
      (port) => `${port}: ${moto ? `moto ${motoVersion}` : `SKIPPED (${noMoto})`}`,
    );
    const checksums = versitygw ? `versitygw ${versitygwVersion}` : `SKIPPED (${noVersitygw})`;
    return {
      environment: {
        ...environmentOf(table, dynamo ? 'DynamoDB Local' : 'moto', moto),
        ...(versitygw && { TESSERA_VERSITYGW_URL: versitygw.url }),
      },
      report: [tableReport, ...others, `bucket, its checksums too: ${checksums}`],
      complete: moto !== undefined && versitygw !== undefined,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environmentOf(
  table: Server | undefined,
  tableEmulator: string,
  moto: Server | undefined,
): Record<string, string> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    // Nothing of the machine's own AWS settings may reach the tests.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    ...(table && { AWS_ENDPOINT_URL_DYNAMODB: table.url, TESSERA_TABLE_EMULATOR: tableEmulator }),
    ...(moto && {
      AWS_ENDPOINT_URL_S3: moto.url,
      AWS_ENDPOINT_URL_SQS: moto.url,
      AWS_ENDPOINT_URL_STS: moto.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: moto.url,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: moto.url,
    }),
  };
}
