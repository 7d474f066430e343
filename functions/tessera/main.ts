import { tessera } from './tessera.ts';

// The reader may close the pipe (`| head`): the command still ends in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

// Which Node its next versions need is not the user's concern: the version here is locked.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

process.exitCode = await tessera(process.argv.slice(2), { out: console.log, err: console.error });
