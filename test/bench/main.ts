/** `npm run bench`: what an edit costs. `npm run bench pipeline`: how soon the pipeline answers, and what it bears. */
const [what = 'edit'] = process.argv.slice(2);
if (what === 'edit') await (await import('./edit.ts')).benchEdit();
else if (what === 'pipeline') await (await import('./pipeline.ts')).benchPipeline();
else {
  console.error(`There is no bench "${what}". Say: npm run bench, or: npm run bench pipeline`);
  process.exitCode = 1;
}

export {};
