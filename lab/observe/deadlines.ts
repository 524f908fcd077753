/**
 * How long one part of the observations may take. What is well answers within a second or two; a machine that is
 * busy is slow without being broken, and a part that is late says nothing.
 */

/** Lists and logs of the API. */
export const API_MS = 10_000
/** Commands on nodes: by `docker exec`, or in a pod there. */
export const NODE_MS = 10_000
/** Scripts in pods. */
export const EXEC_MS = 15_000
