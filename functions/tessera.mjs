#!/usr/bin/env node
// The `tessera` command of a clone: plain JavaScript, so that it can be the first thing that runs there.
process.argv.splice(2, 0, 'functions/tessera/main.ts');
await import('./ready.mjs');
