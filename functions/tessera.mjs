#!/usr/bin/env node
// The `tessera` command. Plain JavaScript, so that it can be the first thing that runs in a clone.
import { existsSync } from 'node:fs';

if (existsSync(new URL('tessera/main.ts', import.meta.url))) {
  process.argv.splice(2, 0, 'functions/tessera/main.ts');
  await import('./ready.mjs');
} else {
  await runCompiled();
}

/** The package has no sources: Node does not strip types under node_modules. */
async function runCompiled() {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    console.error(`Tessera needs Node 24 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const { hideExperimentalWarnings } = await import('./setup/experimental-warnings.mjs');
  hideExperimentalWarnings();
  await import('../dist/library/functions/tessera/main.js');
}
