import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import type { Run } from '../../../lab/host/run.js'
import { observe } from '../../../lab/observe/observe.js'
import type { VerifyTarget } from '../../../lab/observe/model/target.js'
import { healthy } from '../checks/recorded.js'

function at(server: string): KubeConfig {
  const kubeconfig = new KubeConfig()
  kubeconfig.loadFromClusterAndUser({ name: 'cluster', server, skipTLSVerify: true }, { name: 'nobody' })
  return kubeconfig
}

/** A port of this machine on which nothing listens. */
const NOBODY = 'https://127.0.0.1:1'

const asked: string[] = []
const run: Run = (file, args) => {
  asked.push([file, ...args].join(' '))
  if (args.includes('headless-services-worker')) return Promise.reject(new Error('no such container'))
  const stdout = args[0] === 'exec' ? '*nat\n-A KUBE-SERVICES -j RETURN' : ''
  return Promise.resolve({ exitCode: 0, stdout, stderr: '' })
}

const target: VerifyTarget = {
  kubeconfig: at(NOBODY),
  lab: healthy().lab,
  declared: healthy().declared as unknown as VerifyTarget['declared'],
  engine: {
    docker: 'docker',
    containerlab: '/cache/containerlab',
    topologyFile: '/state/lab.clab.yaml',
    run,
  },
}

describe('observe', () => {
  test('a cluster that does not answer costs its own parts only', async () => {
    const { api, dns, redis, containers, iptables } = await observe(target)
    for (const part of [Object.values(api), Object.values(dns), Object.values(redis)].flat()) {
      expect(part).toHaveProperty('error')
    }
    expect(containers.kind).toMatchObject({ value: [] })
    expect(iptables['headless-services-control-plane']).toMatchObject({
      value: [{ chain: 'KUBE-SERVICES' }],
      source: 'docker exec headless-services-control-plane iptables-save',
    })
    expect(iptables['headless-services-worker']).toMatchObject({ error: 'no such container' })
  })

  test('what may not be read is told in the words of the server', async () => {
    const status = { kind: 'Status', code: 403, message: 'pods is forbidden: User "nobody" cannot list them' }
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(status))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    try {
      const { api, dns, initLogs } = await observe({ ...target, kubeconfig: at(`http://127.0.0.1:${port}`) })
      const refused = `403: ${status.message}`
      const source = 'GET pods of database, default, fixtures, moon, streaming'
      expect(api.pods).toMatchObject({ error: refused, source })
      expect(initLogs['default/redis-1/wait-for-master']).toMatchObject({ error: refused })
      expect(dns['headless-services-worker']).toMatchObject({ error: `the pods are not known: ${refused}` })
    } finally {
      server.close()
    }
  })

  test('asks containerlab by the topology file, and does not say where it lies', async () => {
    const { containers } = await observe(target)
    expect(asked).toContain('/cache/containerlab inspect --topo /state/lab.clab.yaml --format json')
    expect(containers.containerlab.source).toBe('containerlab inspect --topo lab.clab.yaml --format json')
  })

  test('looks at no iptables where kube-proxy does not use them', async () => {
    const { iptables } = await observe({ ...target, lab: { ...target.lab, kubeProxyMode: 'nftables' } })
    expect(iptables).toEqual({})
  })

  test('a kubeconfig that cannot be read is an error with a code', async () => {
    await expect(observe({ ...target, kubeconfig: '/no/such/file' })).rejects.toMatchObject({
      code: 'state.unreadable',
    })
  })
})
