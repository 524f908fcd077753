import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Nginx, type NginxProps } from '../../constructs/index.js'
import { chart, first, object, synth, template } from './objects.js'

function nginx(props: NginxProps = {}) {
  const scope = chart()
  new Nginx(scope, 'nginx', props)
  const objects = synth(scope)
  const name = props.name ?? 'nginx'
  const deployment = object(objects, 'Deployment', props.deploymentName ?? `${name}-deployment`)
  const pod = template(deployment)
  const config = object(objects, 'ConfigMap', `${name}-config`).data?.['nginx.conf'] ?? ''
  return { objects, deployment, pod, main: first(pod.spec.containers), config }
}

test('the names, labels and ports are those of document 001', () => {
  const { objects, deployment, pod, main } = nginx()
  expect(deployment.spec).toMatchObject({ replicas: 2, selector: { matchLabels: { app: 'nginx' } } })
  expect(pod.metadata.labels).toMatchObject({ app: 'nginx' })
  expect(main.ports).toEqual([{ name: 'http', containerPort: 80 }])
  const common = {
    selector: { app: 'nginx' },
    ports: [{ name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' }],
  }
  expect(object(objects, 'Service', 'nginx-clusterip').spec).toMatchObject({ ...common, type: 'ClusterIP' })
  expect(object(objects, 'Service', 'nginx-headless').spec).toMatchObject({ ...common, clusterIP: 'None' })
})

test('all objects, as they are written', async () => {
  const yaml = nginx().objects.map((one) => `---\n${stringify(one, { lineWidth: 0, singleQuote: true })}`)
  await expect(yaml.join('')).toMatchFileSnapshot('snapshots/nginx.yaml')
})

describe('other documents have it under other names', () => {
  test('000: three pods behind regular-svc and headless-svc, on the port that nginx listens on', () => {
    const { objects, deployment, pod, main } = nginx({
      name: 'web',
      deploymentName: 'app',
      services: { clusterIp: 'regular-svc', headless: 'headless-svc' },
      replicas: 3,
    })
    expect(deployment).toMatchObject({ metadata: { name: 'app' }, spec: { replicas: 3 } })
    expect(pod.metadata.labels['app']).toBe('web')
    expect(main.name).toBe('nginx')
    const common = { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] }
    expect(object(objects, 'Service', 'regular-svc').spec).toMatchObject({ ...common, type: 'ClusterIP' })
    expect(object(objects, 'Service', 'headless-svc').spec).toMatchObject({ ...common, clusterIP: 'None' })
    expect(main.ports).toEqual([{ name: 'http', containerPort: 80 }])
  })

  test('003: web-api on 80, which leads to 8080, and no headless Service', () => {
    const { objects, pod, main, config } = nginx({
      name: 'web-api',
      deploymentName: 'web-api',
      services: { clusterIp: 'web-api' },
      containerPort: 8080,
    })
    expect(objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name)).toEqual([
      'web-api',
    ])
    expect(object(objects, 'Service', 'web-api').spec).toMatchObject({
      selector: { app: 'web-api' },
      ports: [{ port: 80, targetPort: 'http' }],
    })
    expect(main.ports).toEqual([{ name: 'http', containerPort: 8080 }])
    expect(config).toContain('listen 8080;')
    expect(main.command[2]).toContain('listen [::]:8080;')
    expect([...config.matchAll(/listen /g)]).toHaveLength(1)
    // Nothing to allow on such a port.
    expect(pod.spec.securityContext).not.toHaveProperty('sysctls')
  })

  test('no Services at all, for those who bring their own', () => {
    const scope = chart()
    const web = new Nginx(scope, 'web', { name: 'web', services: {} })
    expect(synth(scope).filter(({ kind }) => kind === 'Service')).toEqual([])
    expect(web.selector).toEqual({ app: 'web' })
    expect(() => web.clusterIp).toThrow(new RangeError('test/web: services names no clusterIp'))
    expect(() => web.headless).toThrow(new RangeError('test/web: services names no headless'))
  })
})

describe('who may connect', () => {
  const ingress = (props: NginxProps) => {
    const { objects } = nginx(props)
    return object(objects, 'NetworkPolicy', props.name ?? 'nginx').spec
  }

  test('the pods of the namespace, to the port of the container', () => {
    expect(ingress({ name: 'web', containerPort: 8080 })).toEqual({
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 8080 }] }],
    })
  })

  test('and those it is told', () => {
    expect(ingress({ allowFrom: [{ namespace: 'moon' }] })['ingress']).toEqual([
      {
        from: [
          { podSelector: {} },
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'moon' } } },
        ].map((peer) => expect.objectContaining(peer) as unknown),
        ports: [{ protocol: 'TCP', port: 80 }],
      },
    ])
  })
})

describe('nginx runs as nobody in particular on a read-only root', () => {
  test('it may listen on port 80', () => {
    expect(nginx().pod.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
    })
  })

  test('all it writes lies in a directory it may write to', () => {
    const { pod, main, config } = nginx()
    const written = [...config.matchAll(/^\s*(?:pid|\w+_temp_path) (\S+);/gm)].map(([, path = '']) => path)
    expect(written).toHaveLength(6)
    const script = main.command[2] ?? ''
    const redirected = [...script.matchAll(/> (\S+)/g)].map(([, path = '']) => path)
    expect(redirected).toHaveLength(1)
    const writable = (main.volumeMounts ?? []).filter(({ name }) =>
      pod.spec.volumes.some((volume) => volume.name === name && volume.emptyDir !== undefined),
    )
    for (const path of [...written, ...redirected])
      expect(
        writable.some(({ mountPath }) => path.startsWith(`${mountPath}/`)),
        path,
      ).toBe(true)
  })

  test('its logs go where kubectl logs reads them', () => {
    const { config, main } = nginx()
    expect(config).toMatch(/^error_log stderr /m)
    expect(config).toMatch(/access_log \/dev\/stdout;/)
    expect(main.command[2]).toContain('-e stderr')
  })
})

test('the configuration it is started with is the one that is mounted', () => {
  const { pod, main } = nginx()
  const [, file = ''] = /-c (\S+)/.exec(main.command[2] ?? '') ?? []
  const mount = first(main.volumeMounts?.filter(({ mountPath }) => file === `${mountPath}/nginx.conf`))
  expect(pod.spec.volumes.find(({ name }) => name === mount.name)?.configMap).toEqual({
    name: 'nginx-config',
  })
})

test('it answers with the name of the pod', () => {
  expect(nginx().config).toContain(String.raw`return 200 "$hostname\n";`)
})

test('a changed configuration changes the pod template, so that pods are replaced', () => {
  expect(nginx().pod.metadata.annotations?.['checksum/config']).toMatch(/^[0-9a-f]{64}$/)
})

test('it is in the Service only when it answers', () => {
  expect(nginx().main.readinessProbe).toMatchObject({
    httpGet: { path: '/', port: 'http' },
    periodSeconds: 2,
  })
})

test('another name gives other objects throughout, so that two can live in one chart', () => {
  const scope = chart()
  new Nginx(scope, 'a', { name: 'a', image: 'mine:1', replicas: 5 })
  new Nginx(scope, 'b', { name: 'b' })
  const objects = synth(scope)
  const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
  expect(names.length).toBeGreaterThan(8)
  expect(new Set(names).size).toBe(names.length)
  const a = object(objects, 'Deployment', 'a-deployment')
  expect(a.spec['replicas']).toBe(5)
  expect(first(template(a).spec.containers).image).toBe('mine:1')
  expect(object(objects, 'Service', 'a-headless').spec['selector']).toEqual({ app: 'a' })
})

describe('synthesis refuses, naming the path of the construct', () => {
  test.each<[NginxProps, string]>([
    [{ name: 'nginx_1' }, '[test/nginx] name "nginx_1"'],
    [{ name: 'x'.repeat(53) }, '[test/nginx] name "xxx'],
    [{ replicas: -2 }, '[test/nginx] replicas is -2'],
    [{ clusterDomain: '' }, '[test/nginx/headless] cluster domain'],
    [{ deploymentName: 'Web' }, '[test/nginx] deploymentName "Web"'],
    [{ services: { clusterIp: '0' } }, '[test/nginx/cluster-ip] service name "0"'],
    [{ containerPort: 0 }, '[test/nginx/ingress] port is 0'],
    [{ containerPort: 80.5 }, '[test/nginx/ingress] port is 80.5'],
  ])('%j', (props, message) => {
    expect(() => nginx(props)).toThrow(message)
  })
})
