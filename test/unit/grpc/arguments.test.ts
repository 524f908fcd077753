import { describe, expect, test } from 'vitest'

interface Options {
  readonly host: string
  readonly port: number
  readonly requests: number
  readonly json: boolean
}

// The image's programs are plain JavaScript: what they export has no types of its own.
const url = new URL('../../../images/grpc/arguments.mjs', import.meta.url)
const { parse } = (await import(url.href)) as { parse: (words: readonly string[]) => Options }

describe('the command line of grpc-client', () => {
  test.each<[string[], Partial<Options>]>([
    [['grpc-backend'], { host: 'grpc-backend', port: 50051, requests: 90, json: false }],
    [['grpc-backend:8080'], { host: 'grpc-backend', port: 8080 }],
    [['dns:///grpc-backend.default:50051'], { host: 'grpc-backend.default', port: 50051 }],
    [['10.96.0.7:50051'], { host: '10.96.0.7', port: 50051 }],
    [['[fd00::1]:50051'], { host: 'fd00::1', port: 50051 }],
    [['[fd00::1]'], { host: 'fd00::1', port: 50051 }],
    [['--json', 'a', '--requests', '7'], { host: 'a', requests: 7, json: true }],
  ])('%j', (words, options) => {
    expect(parse(words)).toMatchObject(options)
  })

  test.each([
    [[], 'say whom to call'],
    [['a', 'b'], 'one target only, not also b'],
    [['a:'], 'the port is ""'],
    [['a:http'], 'the port is "http"'],
    [['a:65536'], 'the port is "65536"'],
    [['fd00::1'], '"fd00::1" is not HOST or HOST:PORT'],
    [['http://a'], '"http://a" is not HOST or HOST:PORT'],
    [['a', '--requests', '0'], '--requests is "0"; write a whole number, 1 to 1000000'],
    [['a', '--requests', '1e3'], '--requests is "1e3"'],
    [['a', '--verbose'], "Unknown option '--verbose'"],
  ])('refuses %j in one line', (words, message) => {
    const refusal = () => parse(words)
    expect(refusal).toThrow(message)
    expect(refusal).not.toThrow(/\n/)
  })
})
