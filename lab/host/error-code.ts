/** Whether something that was thrown is an error of the system with one of these codes: `ENOENT`, for example. */
export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code))
