import { isShort } from './short.ts';

/**
 * `npm run bench`: what an edit costs. `npm run bench pipeline`: how soon the pipeline answers, and what it bears.
 * `npm run bench copy`: how fast outputs are copied, beside others. `npm run bench costs`: what AWS would ask for runs.
 */
const [what = 'edit', ...options] = process.argv.slice(2).filter((word) => word !== '--short');
if (isShort) console.log('A short run: it shows that this bench works. Its figures mean nothing.\n');
if (what === 'edit') await (await import('./edit.ts')).benchEdit();
else if (what === 'pipeline') await (await import('./pipeline.ts')).benchPipeline();
else if (what === 'copy') await (await import('./copy/copy.ts')).benchCopy(options);
else if (what === 'costs') await (await import('./costs.ts')).benchCosts();
else {
  console.error(`There is no bench "${what}". Say: npm run bench, or with one of these words: pipeline, copy, costs`);
  process.exitCode = 1;
}

// A connection that a killed program left half open would keep this process long after its last line.
process.exit();
