/**
 * Runs an effect that must be over in time. The effect is told by the signal; one that does not listen is
 * left behind, so that nothing waits longer than its own deadline for something that hangs.
 */
export async function withDeadline<T>(
  ms: number,
  effect: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted()
  const controller = new AbortController()
  const late = new Error(`no answer within ${ms / 1000} s`)
  const timer = setTimeout(() => controller.abort(late), ms)
  const stop = (): void => controller.abort(outer?.reason)
  outer?.addEventListener('abort', stop, { once: true })
  const { signal } = controller
  const cut = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  try {
    return await Promise.race([effect(signal), cut])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
}
