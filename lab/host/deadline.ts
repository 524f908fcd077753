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
  // Not AbortSignal.any of an AbortSignal.timeout: Node 20 may collect the timeout as garbage before it fires.
  const controller = new AbortController()
  const late = new Error(`no answer within ${ms / 1000} s`)
  const timer = setTimeout(() => controller.abort(late), ms)
  const stop = (): void => controller.abort(outer?.reason)
  outer?.addEventListener('abort', stop, { once: true })
  try {
    return await unlessAborted(controller.signal, effect(controller.signal))
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', stop)
  }
}

/** What the effect gives, or the signal's reason as soon as that is aborted; the effect is then left behind. */
export async function unlessAborted<T>(signal: AbortSignal, effect: Promise<T>): Promise<T> {
  let stop = (): void => undefined
  const cut = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([cut, effect])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
