#!/usr/bin/env node
// grpc-client: calls a name over ONE channel and prints how many answers each pod gave. The channel balances
// by itself, round robin over the addresses that the name resolves to: all pods behind a headless name, the
// one virtual IP behind a ClusterIP name, and so one connection to one pod.
//
// Exit code 0 when every call was answered, 1 when not, 2 on a bad command line. stdout has the result and
// nothing else.
import { lookup } from 'node:dns/promises'
import { isIPv6 } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { credentials } from '@grpc/grpc-js'
import { USAGE, parse } from './arguments.mjs'
import { Whoami } from './service.mjs'
import { count, warmUp } from './spread.mjs'

/** Until the name must have resolved and the channel be ready; then again for the other connections. */
const READY_MS = 10_000
/** For one call. */
const CALL_MS = 5_000

const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{}],
      // When all connections are lost at once a call waits, within its deadline, for a new one.
      waitForReady: true,
      // A call that meets a server as it ends is made again: to ask twice does no harm.
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: '0.1s',
        maxBackoff: '1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
}

/**
 * A channel asks DNS again when a connection ends, but no sooner than this after the last time. gRPC's default
 * is 30 seconds: then a rollout that takes less replaces every pod it knows before it asks.
 */
const RESOLVE_AGAIN_MS = 1_000

const options = read(process.argv.slice(2))
const joined = (host) => `${isIPv6(host) ? `[${host}]` : host}:${options.port}`
const target = `dns:///${joined(options.host)}`
try {
  print(await run())
} catch (error) {
  fail(1, `${target}: ${error.message}`)
}

async function run() {
  const addresses = await resolve()
  const client = new Whoami(target, credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
    'grpc.dns_min_time_between_resolutions_ms': RESOLVE_AGAIN_MS,
    // Without it a TXT record is asked for, which nobody wrote.
    'grpc.service_config_disable_resolution': 1,
  })
  try {
    await ready(client, addresses)
    const call = () => ask(client)
    const deadline = Date.now() + READY_MS
    const expired = () => Date.now() > deadline
    const reached = await warmUp({ call, addresses, expired, pause: () => pause(50) })
    return { target, requests: options.requests, ...reached, answers: await count(call, options.requests) }
  } finally {
    client.close()
  }
}

/** The addresses of the name, as the channel will resolve it too: by getaddrinfo, with the pod's search list. */
async function resolve() {
  const deadline = Date.now() + READY_MS
  for (;;) {
    try {
      return (await lookup(options.host, { all: true })).map(({ address }) => joined(address))
    } catch (error) {
      // A name that was not there a moment ago, of a Service just made.
      if (Date.now() > deadline) throw new Error(`the name does not resolve (${error.code})`, { cause: error })
      await pause(500)
    }
  }
}

function ready(client, addresses) {
  return new Promise((done, reject) => {
    client.waitForReady(Date.now() + READY_MS, (error) => {
      if (!error) return done()
      reject(new Error(`no connection in ${READY_MS / 1000} seconds to ${addresses.join(', ')}`))
    })
  })
}

/** One call: the pod that answered, and the address it was reached at. */
function ask(client) {
  return new Promise((done, reject) => {
    const call = client.Ask({}, { deadline: Date.now() + CALL_MS }, (error, reply) =>
      error ? reject(error) : done({ pod: reply.pod, peer: call.getPeer() }),
    )
  })
}

function read(words) {
  try {
    return parse(words)
  } catch (error) {
    return fail(2, `${error.message}; ${USAGE}`)
  }
}

function print(result) {
  for (const address of result.notConnected) console.error(`grpc-client: no connection to ${address}`)
  if (options.json) return console.log(JSON.stringify(result))
  console.log(`${result.requests} calls to ${target} over ${result.connected.length} connection(s)`)
  for (const [pod, answers] of Object.entries(result.answers)) console.log(`${answers}\t${pod}`)
}

function fail(code, message) {
  console.error(`grpc-client: ${message}`)
  process.exit(code)
}
