import { expect, test } from 'vitest'
import { grpcCommand, parseGrpc } from '../../../lab/observe/grpc-script.js'

const said = (exitCode: number, stdout: string, stderr = ''): Parameters<typeof parseGrpc> => [
  { exitCode, stdout, stderr },
  30,
]

test('the script is always the same; what differs are its arguments', () => {
  const [, , script, ...args] = grpcCommand('name:50051', 30)
  expect(script).not.toContain('name')
  expect(args).toEqual(['sh', 'name:50051', '30'])
})

test('who answered, as the client prints it', () => {
  const json =
    '{"target":"dns:///a:1","requests":30,"connected":["x"],"notConnected":[],"answers":{"a":10,"b":20}}'
  expect(parseGrpc(...said(0, json))).toEqual({ calls: 30, answers: { a: 10, b: 20 } })
})

test('calls that fail are an observation, a client that cannot be run is none', () => {
  expect(parseGrpc(...said(1, '', 'grpc-client: dns:///a:1: no connection in 10 seconds to x\n'))).toEqual({
    ...{ calls: 30, answers: {}, error: 'dns:///a:1: no connection in 10 seconds to x' },
  })
  expect(parseGrpc(...said(124, '')).error).toBe('not all calls were answered in 6 s')
  expect(() => parseGrpc(...said(127, '', 'the client pod has no program grpc-client'))).toThrow(
    'exit code 127: the client pod has no program grpc-client',
  )
})
