/** Time, which passes only while something waits before it looks again. */
export const clock: { pass: () => Promise<void> } = { pass: () => Promise.resolve() }
