#!/usr/bin/env node
// grpc-server: answers on port 50051 with the name of its pod, until it is told to end.
import { hostname } from 'node:os'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { PORT, SERVICE_NAME, Whoami } from './service.mjs'

/**
 * Age at which a connection is ended, gently: calls on it are finished, then the client connects anew, and a
 * client that balances by itself asks DNS again. Else clients that live long would never see pods that came
 * after them, nor leave the one pod a virtual IP once gave them.
 */
const CONNECTION_AGE_MS = 30_000
const CONNECTION_AGE_GRACE_MS = 5_000

/** How long calls may take to finish after SIGTERM; less than the pod's grace period. */
const SHUTDOWN_MS = 5_000

const pod = hostname()
// '' is the server as a whole: what the kubelet's gRPC probe asks for.
const health = new HealthImplementation({ '': 'SERVING', [SERVICE_NAME]: 'SERVING' })
const server = new Server({
  'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
  'grpc.max_connection_age_grace_ms': CONNECTION_AGE_GRACE_MS,
})
server.addService(Whoami.service, { Ask: (_call, answer) => answer(null, { pod }) })
health.addToServer(server)

try {
  console.log(`${pod} answers on port ${await listen()}`)
} catch (error) {
  console.error(`cannot listen on port ${PORT}: ${error.message}`)
  process.exit(1)
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => end(signal))

/** All addresses, IPv6 ones too where the kernel has them. */
async function listen() {
  try {
    return await bind('[::]')
  } catch {
    return bind('0.0.0.0')
  }
}

function bind(address) {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${address}:${PORT}`, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
}

/** Tells watchers of its health and clients of its connections to go elsewhere, and ends when their calls have. */
function end(signal) {
  console.log(`${pod} got ${signal}, finishes its calls`)
  for (const service of ['', SERVICE_NAME]) health.setStatus(service, 'NOT_SERVING')
  setTimeout(() => server.forceShutdown(), SHUTDOWN_MS).unref()
  server.tryShutdown(() => process.exit(0))
}
