import { LabError } from '../errors.js'
import { waitUntil, type WaitOptions } from '../host/wait.js'

/** What the API server answers; while it does not, it is asked again until the signal ends that. */
export async function untilAnswered<T>(ask: () => Promise<T>, wait: WaitOptions): Promise<T> {
  const answers: T[] = []
  await waitUntil(async () => {
    try {
      answers.push(await ask())
      return undefined
    } catch (error) {
      return whyUnanswered(error)
    }
  }, wait)
  return answers[0] as T
}

/** Why there was no answer; an error of another kind is thrown. */
export function whyUnanswered(error: unknown): string {
  if (error instanceof LabError && error.code === 'cluster.unreachable') return error.message
  throw error
}
