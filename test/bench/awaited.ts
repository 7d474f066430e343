/** Values that come later, each by its name; also those that come before anybody asks. */
export function awaited<T>() {
  const known = new Map<string, { promise: Promise<T>; resolve: (value: T) => void }>();
  const entry = (name: string) => {
    let resolve: (value: T) => void = () => {};
    const made = known.get(name) ?? {
      promise: new Promise<T>((done) => {
        resolve = done;
      }),
      resolve: (value: T) => resolve(value),
    };
    known.set(name, made);
    return made;
  };
  return {
    for: (name: string): Promise<T> => entry(name).promise,
    resolve: (name: string, value: T): void => entry(name).resolve(value),
  };
}
