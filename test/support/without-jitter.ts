import { onTestFinished } from 'vitest';

/** Until the test ends, every pause before a retry is as long as its policy says. */
export function withoutJitter(): void {
  const { random } = Math;
  Math.random = () => 0;
  onTestFinished(() => {
    Math.random = random;
  });
}
