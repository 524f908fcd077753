// How calls on one channel spread: warm-up and count. The calls themselves are the caller's.

/**
 * Calls until every address has answered once, or `expired`. Round robin goes over the connections that are
 * ready: what is counted before all are says how fast each was made, not how calls spread.
 *
 * @param {object} options
 * @param {() => Promise<{ peer: string }>} options.call one call
 * @param {readonly string[]} options.addresses what the name resolved to, as `address:port`
 * @param {() => boolean} options.expired whether it has taken long enough
 * @param {() => Promise<void>} options.pause what is done when a call reached nobody new
 * @returns {Promise<{ connected: string[], notConnected: string[] }>} addresses, in order
 */
export async function warmUp({ call, addresses, expired, pause }) {
  const connected = new Set()
  const missing = () => addresses.filter((address) => !connected.has(address))
  do {
    const before = connected.size
    connected.add((await call()).peer)
    if (connected.size === before && missing().length > 0) await pause()
  } while (missing().length > 0 && !expired())
  return { connected: [...connected].sort(), notConnected: missing().sort() }
}

/**
 * Makes calls one after the other and counts who answered.
 *
 * @param {() => Promise<{ pod: string }>} call one call
 * @param {number} requests how many
 * @returns {Promise<Record<string, number>>} answers of each pod, by its name, in order
 * @throws Error that says which call failed
 */
export async function count(call, requests) {
  const answers = new Map()
  for (let made = 1; made <= requests; made++) {
    const { pod } = await call().catch((error) => {
      throw new Error(`call ${made} of ${requests} failed: ${error.message}`, { cause: error })
    })
    answers.set(pod, (answers.get(pod) ?? 0) + 1)
  }
  return Object.fromEntries([...answers].sort(([a], [b]) => (a < b ? -1 : 1)))
}
