import { expect, test } from 'vitest'
import { parseContainerlab, parseDockerPs } from '../../../lab/observe/containers.js'

test('containerlab 0.60', () => {
  const output = JSON.stringify({
    containers: [
      { lab_name: 'lab', name: 'lab-control-plane', image: 'node:v1', kind: 'k8s-kind', state: 'running' },
      { lab_name: 'lab', name: 'clab-lab-db', image: 'postgres', kind: 'linux', state: 'exited' },
    ],
  })
  expect(parseContainerlab(output)).toEqual([
    { name: 'lab-control-plane', state: 'running', kind: 'k8s-kind' },
    { name: 'clab-lab-db', state: 'exited', kind: 'linux' },
  ])
})

test('containerlab with nothing to list prints no JSON', () => {
  expect(parseContainerlab('')).toEqual([])
  expect(parseContainerlab('2026/11/21 05:00:00 no containers found\n')).toEqual([])
  expect(() => parseContainerlab('Error: no such file')).toThrow(
    'containerlab printed no JSON: Error: no such file',
  )
})

test('docker prints an object a line', () => {
  const output = '{"Names":"lab-control-plane","State":"running"}\n{"Names":"lab-worker","State":"paused"}\n'
  expect(parseDockerPs(output)).toEqual([
    { name: 'lab-control-plane', state: 'running' },
    { name: 'lab-worker', state: 'paused' },
  ])
})
