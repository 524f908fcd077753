import type { V1Deployment, V1Pod } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { isOfBefore, missingFromRollout, notReadyReason } from '../../../lab/cluster/rollout.js'

const meta = { name: 'app', generation: 2 }

const deployment = (status: object, replicas = 3): object => ({
  kind: 'Deployment',
  metadata: meta,
  spec: { replicas, selector: {}, template: {} },
  status: { observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3, ...status },
})

const statefulSet = (status: object, replicas = 3): object => ({
  kind: 'StatefulSet',
  metadata: meta,
  spec: { replicas, selector: {}, template: {}, serviceName: 'app' },
  status: {
    observedGeneration: 2,
    replicas: 3,
    availableReplicas: 3,
    currentRevision: 'a',
    updateRevision: 'a',
    ...status,
  },
})

const daemonSet = (status?: object): object => ({
  kind: 'DaemonSet',
  metadata: meta,
  ...(status === undefined
    ? {}
    : {
        status: {
          observedGeneration: 2,
          currentNumberScheduled: 3,
          desiredNumberScheduled: 3,
          numberMisscheduled: 0,
          numberReady: 3,
          updatedNumberScheduled: 3,
          numberAvailable: 3,
          ...status,
        },
      }),
})

describe('missingFromRollout', () => {
  it.each<[string, object, string | undefined]>([
    ['a Deployment', deployment({}), undefined],
    ['one scaled to 0', deployment({ replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, 0), undefined],
    ['one nobody has looked at', { kind: 'Deployment', metadata: meta }, 'Deployment app: not observed yet'],
    ['one that changed since', deployment({ observedGeneration: 1 }), 'Deployment app: not observed yet'],
    ['one being updated', deployment({ updatedReplicas: 1 }), 'Deployment app: 1 of 3 updated'],
    ['one not available yet', deployment({ availableReplicas: 2 }), 'Deployment app: 2 of 3 ready'],
    ['one whose old pods still run', deployment({ replicas: 4 }), 'Deployment app: pods of before still run'],
    ['one scaled down', deployment({}, 2), 'Deployment app: pods of before still run'],
    ['a StatefulSet that was never updated', statefulSet({}), undefined],
    [
      'one that starts',
      statefulSet({ replicas: 1, availableReplicas: 0 }),
      'StatefulSet app: 1 of 3 updated',
    ],
    [
      'one being updated',
      statefulSet({ updateRevision: 'b', updatedReplicas: 1 }),
      'StatefulSet app: 1 of 3 updated',
    ],
    [
      'one being updated whose new pods are counted by none yet',
      statefulSet({ updateRevision: 'b' }),
      'StatefulSet app: 0 of 3 updated',
    ],
    [
      'one with a pod that is not ready',
      statefulSet({ availableReplicas: 2 }),
      'StatefulSet app: 2 of 3 ready',
    ],
    ['one scaled down', statefulSet({}, 2), 'StatefulSet app: pods of before still run'],
    ['a DaemonSet', daemonSet({}), undefined],
    ['one nobody has looked at', daemonSet(), 'DaemonSet app: not observed yet'],
    [
      'one whose nodes were not counted yet',
      daemonSet({ desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 }),
      'DaemonSet app: 0 of 1 updated',
    ],
    ['one being updated', daemonSet({ updatedNumberScheduled: 2 }), 'DaemonSet app: 2 of 3 updated'],
    ['one that is not ready on a node', daemonSet({ numberAvailable: 2 }), 'DaemonSet app: 2 of 3 ready'],
  ])('%s', (_, live, missing) => {
    expect(missingFromRollout(live as V1Deployment)).toBe(missing)
  })
})

describe('notReadyReason', () => {
  const pod = (status: object | undefined): object => ({
    metadata: { name: 'p' },
    ...(status ? { status } : {}),
  })
  const container = (name: string, state: object, ready = false) => ({
    name,
    state,
    ready,
    restartCount: 4,
    image: 'i',
    imageID: '',
  })
  const running = { running: {} }
  const notScheduled = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: 'no node fits',
  }

  it.each<[string, object | undefined, string | undefined]>([
    ['ready', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, undefined],
    ['done', { phase: 'Succeeded', conditions: [{ type: 'Ready', status: 'False' }] }, undefined],
    [
      'without its image',
      {
        phase: 'Pending',
        containerStatuses: [
          container('app', { waiting: { reason: 'ErrImageNeverPull', message: 'not there' } }),
        ],
      },
      'container app: ErrImageNeverPull (not there), 4 restarts',
    ],
    [
      'crashing',
      {
        phase: 'Running',
        containerStatuses: [container('app', { waiting: { reason: 'CrashLoopBackOff' } })],
      },
      'container app: CrashLoopBackOff, 4 restarts',
    ],
    [
      'with an init container that fails',
      {
        phase: 'Pending',
        initContainerStatuses: [container('wait', { waiting: { reason: 'CrashLoopBackOff' } })],
        containerStatuses: [container('app', { waiting: { reason: 'PodInitializing' } })],
      },
      'container wait: CrashLoopBackOff, 4 restarts',
    ],
    [
      'with an init container that runs',
      {
        phase: 'Pending',
        initContainerStatuses: [container('wait', running)],
        containerStatuses: [container('app', { waiting: { reason: 'PodInitializing' } })],
      },
      'container wait is not ready',
    ],
    [
      'past its init container',
      {
        phase: 'Running',
        initContainerStatuses: [container('wait', { terminated: { exitCode: 0 } })],
        containerStatuses: [container('app', running), container('side', running, true)],
      },
      'container app is not ready',
    ],
    ['not scheduled', { phase: 'Pending', conditions: [notScheduled] }, 'not scheduled: no node fits'],
    [
      'not scheduled for a reason only',
      {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      },
      'not scheduled: SchedulingGated',
    ],
    ['scheduled just now', { phase: 'Pending' }, 'Pending'],
    ['failed', { phase: 'Failed' }, 'Failed'],
    ['unknown', undefined, 'unknown'],
  ])('%s', (_, status, reason) => {
    expect(notReadyReason(pod(status) as V1Pod)).toBe(reason)
  })
})

describe('isOfBefore', () => {
  const started = new Date('2026-01-01T00:00:05.900Z')
  const pod = (...states: object[]): object => ({
    status: { containerStatuses: states.map((state) => ({ state })) },
  })
  const running = (at: string): object => ({ running: { startedAt: new Date(at) } })

  it.each([
    ['a container that ran before', pod(running('2026-01-01T00:00:04Z')), true],
    ['one of two', pod(running('2026-01-01T00:00:09Z'), running('2026-01-01T00:00:04Z')), true],
    ['one that was started in the same second', pod(running('2026-01-01T00:00:05Z')), false],
    ['one that was started since', pod(running('2026-01-01T00:00:07Z')), false],
    ['one that waits', pod({ waiting: { reason: 'CrashLoopBackOff' } }), false],
    ['none yet', {}, false],
  ])('%s', (_, of, before) => {
    expect(isOfBefore(of as V1Pod, started)).toBe(before)
  })

  it('is nothing that can be said of a node whose start is not known', () => {
    expect(isOfBefore(pod(running('2020-01-01T00:00:00Z')) as V1Pod, undefined)).toBe(false)
  })
})
