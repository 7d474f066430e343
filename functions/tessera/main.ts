import { tessera } from './tessera.ts';

// Whoever reads may go away (`| head`): then nobody is told, and the work still ends in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await tessera(process.argv.slice(2), { out: console.log, err: console.error });
