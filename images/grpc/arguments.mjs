// The command line of grpc-client, as data.
import { parseArgs } from 'node:util'

export const USAGE = 'usage: grpc-client HOST[:PORT] [--requests N] [--json]'

const DEFAULT_PORT = 50051
const DEFAULT_REQUESTS = 90

/**
 * @param {readonly string[]} words
 * @returns {{ host: string, port: number, requests: number, json: boolean }} host without brackets
 * @throws Error with one line for the person who typed it
 */
export function parse(words) {
  const { values, positionals } = split(words)
  const [target, ...more] = positionals
  if (target === undefined) throw new Error('say whom to call')
  if (more.length > 0) throw new Error(`one target only, not also ${more.join(' ')}`)
  const requests = whole('--requests', values.requests ?? String(DEFAULT_REQUESTS), 1_000_000)
  return { ...hostAndPort(target), requests, json: values.json }
}

function split(words) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { requests: { type: 'string' }, json: { type: 'boolean', default: false } },
    })
  } catch (error) {
    // Its first sentence says it all.
    throw new Error(error.message.split('. ')[0], { cause: error })
  }
}

/** `name`, `name:port`, `1.2.3.4:port`, `[::1]:port`; `dns:///` before it says what is done anyway. */
function hostAndPort(target) {
  const found = /^(?:dns:\/\/\/)?(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:/[\]]+))(?::(?<port>[^:/]*))?$/.exec(target)
  if (found === null) throw new Error(`${JSON.stringify(target)} is not HOST or HOST:PORT`)
  const { ipv6, host = ipv6, port = String(DEFAULT_PORT) } = found.groups
  return { host, port: whole('the port', port, 65_535) }
}

function whole(what, text, max) {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > max)
    throw new Error(`${what} is ${JSON.stringify(text)}; write a whole number, 1 to ${max}`)
  return value
}
