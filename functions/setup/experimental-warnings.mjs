/**
 * The first releases of Node 24 still warn that SQLite and type stripping are experimental. We test on those we support,
 * so the warning tells a user nothing.
 */
export function hideExperimentalWarnings() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === 'object' ? rest[0]?.type : rest[0];
    if (type !== 'ExperimentalWarning') emitWarning.call(process, warning, ...rest);
  };
}
