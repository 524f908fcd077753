import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  KAFKA_SCRATCH,
  KAFKA_VOLUME,
  serverJvm,
  serverProperties,
  START_KAFKA,
} from '../../../constructs/workloads/kafka-scripts.js'

// The script runs in a real sh; Kafka's programs are stand-ins found first on the PATH, and its two
// directories lie in a temporary one.
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kafka-scripts-'))
  await mkdir(join(root, 'bin'))
  await stub('kafka-storage.sh', 'echo "format: $*"')
  await stub(
    'kafka-server-start.sh',
    `echo "server: $*"
env | grep -E '^(KAFKA_|EXTRA_ARGS)' | sort`,
  )
})
afterEach(() => rm(root, { recursive: true }))

async function stub(name: string, body: string): Promise<void> {
  await writeFile(join(root, 'bin', name), `#!/bin/sh\n${body}\n`)
  await chmod(join(root, 'bin', name), 0o755)
}

const path = (inPod: string): string => join(root, inPod)
const inPod = (text: string): string => text.replaceAll(root, '')

interface Ended {
  code: number
  lines: string[]
  stderr: string
}

function start(properties: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
  const script = START_KAFKA.replaceAll(`=${KAFKA_SCRATCH}/`, `=${path(KAFKA_SCRATCH)}/`).replaceAll(
    `${KAFKA_VOLUME}/`,
    `${path(KAFKA_VOLUME)}/`,
  )
  const env = {
    PATH: `${path('bin')}:${process.env['PATH'] ?? ''}`,
    NODE_ID: '1',
    POD_NAME: 'kafka-1',
    SERVICE_FQDN: 'kafka-headless.streaming.svc.cluster.local',
    QUORUM_VOTERS: '0@kafka-0.example:9093,1@kafka-1.example:9093',
    CLUSTER_ID: 'AbCdEfGhIjKlMnOpQrStUA',
    SERVER_HEAP: '-Xmx256m',
    SERVER_JVM: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
    LOG_DIR: path(KAFKA_SCRATCH),
    ...more,
  }
  return new Promise((resolve) => {
    execFile('sh', ['-c', script, 'kafka', ...properties], { env }, (error, stdout, stderr) => {
      const lines = inPod(stdout)
        .split('\n')
        .filter((line) => line !== '')
      resolve({ code: Number(error?.code ?? 0), lines, stderr })
    })
  })
}

const configuration = async (name: string): Promise<string[]> =>
  (await readFile(path(`${KAFKA_SCRATCH}/kafka/${name}`), 'utf8')).trimEnd().split('\n')

/** What a formatted volume holds. */
async function formatted(): Promise<void> {
  await mkdir(path(`${KAFKA_VOLUME}/data`), { recursive: true })
  await writeFile(
    path(`${KAFKA_VOLUME}/data/meta.properties`),
    'node.id=1\nversion=1\ncluster.id=OfTheVolume0000000000A\n',
  )
}

describe('starting the server', () => {
  test('its configuration is the lines it is given, then what is this node’s own, by name', async () => {
    expect((await start(['process.roles=broker,controller', 'a=two words'])).code).toBe(0)
    expect(await configuration('server.properties')).toEqual([
      'process.roles=broker,controller',
      'a=two words',
      'node.id=1',
      'controller.quorum.voters=0@kafka-0.example:9093,1@kafka-1.example:9093',
      'advertised.listeners=' +
        'PLAINTEXT://kafka-1.kafka-headless.streaming.svc.cluster.local:9092,' +
        'CONTROLLER://kafka-1.kafka-headless.streaming.svc.cluster.local:9093',
    ])
  })

  test('an empty volume is formatted for the cluster, then the server gets the same configuration', async () => {
    const { lines } = await start([])
    expect(lines.slice(0, 4)).toEqual([
      'Formatting the volume of kafka-1 for cluster AbCdEfGhIjKlMnOpQrStUA',
      'format: format --ignore-formatted --cluster-id AbCdEfGhIjKlMnOpQrStUA --config /tmp/kafka/server.properties',
      'Starting node 1 as kafka-1.kafka-headless.streaming.svc.cluster.local',
      'server: /tmp/kafka/server.properties',
    ])
  })

  test('a formatted volume is left as it is, and its id is logged: it may be of another cluster', async () => {
    await formatted()
    const { lines } = await start([])
    expect(lines[0]).toBe('Volume of kafka-1 is formatted, with cluster.id=OfTheVolume0000000000A')
    expect(lines.filter((line) => line.startsWith('format'))).toEqual([])
    expect(lines).toContain('server: /tmp/kafka/server.properties')
  })

  test('no server starts on a volume that could not be formatted', async () => {
    await stub('kafka-storage.sh', 'echo "No space left on device" >&2; exit 1')
    const { code, lines, stderr } = await start([])
    expect(code).toBe(1)
    expect(stderr).toContain('No space left on device')
    expect(lines.filter((line) => line.startsWith('server'))).toEqual([])
  })

  test('the heap of the server is not that of the tool that formats, nor of tools run beside it', async () => {
    await stub('kafka-storage.sh', 'env | grep KAFKA_HEAP_OPTS; true')
    const { lines } = await start([])
    expect(lines.filter((line) => line.startsWith('KAFKA_HEAP_OPTS'))).toEqual(['KAFKA_HEAP_OPTS=-Xmx256m'])
    expect(lines.indexOf('KAFKA_HEAP_OPTS=-Xmx256m')).toBeGreaterThan(
      lines.indexOf('server: /tmp/kafka/server.properties'),
    )
  })

  test('the server’s JVM: names are looked up again soon, no file of logs, and the end when memory is out', async () => {
    const { lines } = await start([])
    const options = lines.slice(lines.indexOf('server: /tmp/kafka/server.properties') + 1)
    expect(options).toEqual([
      'EXTRA_ARGS=-name kafkaServer',
      'KAFKA_HEAP_OPTS=-Xmx256m',
      'KAFKA_JVM_PERFORMANCE_OPTS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
      'KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/tmp/kafka/log4j2.properties',
      'KAFKA_OPTS=-Dsun.net.inetaddr.ttl=5 -Dsun.net.inetaddr.negative.ttl=1 -XX:+ExitOnOutOfMemoryError',
    ])
    expect((await configuration('log4j2.properties')).filter((line) => /File/.test(line))).toEqual([])
  })

  test('with a large heap the collector is Kafka’s own choice', async () => {
    const { lines } = await start([], { SERVER_JVM: serverJvm(1024) })
    expect(lines.join('\n')).not.toContain('KAFKA_JVM_PERFORMANCE_OPTS')
    expect(serverJvm(1023)).not.toBe('')
  })

  test('a pod that starts again writes its configuration anew', async () => {
    await start(['a=1'])
    await start(['a=2'])
    expect((await configuration('server.properties'))[0]).toBe('a=2')
  })
})

describe('settings that depend on the number of pods', () => {
  const of = (replicas: number): Map<string, string> =>
    new Map(
      serverProperties({ replicas, heapMiB: 256 }).map((line) => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)]
      }),
    )

  test.each([
    [1, '1', '1'],
    [2, '2', '1'],
    [3, '3', '2'],
    [5, '3', '2'],
  ])('%i pods: copies %s, of which %s acknowledge', (replicas, factor, minInSync) => {
    const properties = of(replicas)
    for (const name of [
      'default.replication.factor',
      'offsets.topic.replication.factor',
      'transaction.state.log.replication.factor',
      'share.coordinator.state.topic.replication.factor',
    ])
      expect([name, properties.get(name)]).toEqual([name, factor])
    for (const name of [
      'min.insync.replicas',
      'transaction.state.log.min.isr',
      'share.coordinator.state.topic.min.isr',
    ])
      expect([name, properties.get(name)]).toEqual([name, minInSync])
  })

  test('no setting is written twice: the last one would win without a word', () => {
    const names = serverProperties({ replicas: 3, heapMiB: 256 }).map((line) => line.split('=')[0])
    expect(new Set(names).size).toBe(names.length)
  })

  test('what is not acknowledged by those in sync is never elected', () => {
    expect(of(3).get('unclean.leader.election.enable')).toBe('false')
  })

  test.each([
    [256, 32],
    [1024, 128],
    [8192, 128],
  ])('of a heap of %i MiB the cleaner takes %i', (heapMiB, cleaner) => {
    expect(serverProperties({ replicas: 3, heapMiB })).toContain(
      `log.cleaner.dedupe.buffer.size=${cleaner * 1024 * 1024}`,
    )
  })
})
