// Runs one function's bundle as Lambda does: loaded at the first event, one event at a time, answers as JSON.
import { pathToFileURL } from 'node:url';

const [, , file, name] = process.argv;
let handler;

process.on('message', async ({ event, context, deadlineMs }) => {
  try {
    handler ??= await load();
    const getRemainingTimeInMillis = () => deadlineMs - Date.now();
    const result = await handler(event, { ...context, getRemainingTimeInMillis });
    process.send({ result: result ?? null });
  } catch (error) {
    process.send({ error: { errorType: error?.name, errorMessage: error?.message, trace: error?.stack } });
  }
});
process.on('disconnect', () => process.exit(0));

async function load() {
  const found = (await import(pathToFileURL(file).href))[name];
  // Lambda's newest runtimes refuse handlers that want a callback.
  if (typeof found !== 'function' || found.length > 2)
    throw new Error(`${file} has no handler ${name} that Lambda takes.`);
  return found;
}
