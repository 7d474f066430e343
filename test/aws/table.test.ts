import { describe } from 'vitest';
import { dynamoTable } from '../../shared/platform/aws/index.ts';
import { tableContract } from '../contracts/table.ts';
import { createTable } from './resources.ts';

const emulator = process.env.TESSERA_TABLE_EMULATOR ?? 'no emulator';

const gapsOfMoto = {
  'an update without changes only checks its condition': 'moto answers 500 to an UpdateItem without an expression',
};

describe.skipIf(!process.env.AWS_ENDPOINT_URL_DYNAMODB)(`On ${emulator}`, () => {
  tableContract('DynamoDB', async () => dynamoTable(await createTable()), emulator === 'moto' ? gapsOfMoto : {});
});
