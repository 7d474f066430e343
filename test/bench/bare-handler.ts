import { createServer } from 'node:http';
import { join } from 'node:path';
import { openDatabase } from '../../shared/platform/local/database.ts';
import { type Listening, whenListening } from '../support/listen.ts';

/** What any webhook costs at least: node:http, and one row in a database with our own settings, before it answers. */
export async function bareHandler(folder: string): Promise<Listening> {
  const database = openDatabase(join(folder, 'bare.db'));
  let count = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    count += 1;
    const sql = 'INSERT INTO items (store, pk, sk, json) VALUES (?, ?, ?, ?)';
    database.run(sql, 'bare', request.url ?? '', String(count), Buffer.concat(chunks).toString());
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"message":"accepted"}');
  });
  const listening = await whenListening(server.listen(0, '127.0.0.1'));
  return {
    ...listening,
    close: async () => {
      await listening.close();
      database.close();
    },
  };
}
