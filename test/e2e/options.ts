import { App, Chart } from 'cdk8s'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Postgres, Redis, requiredSecrets } from '../../constructs/index.js'
import { workloadImages } from '../../lab/artifacts/versions.js'
import { ask, inPod, notReady, pod, within } from './cluster.js'
import { lab } from './program.js'

const NAMESPACE = 'options'

/** What the default lab does not use: a Redis with volume, passwords and Sentinel, and a Postgres alone. */
export function optionTests(): void {
  describe('workloads with options', { concurrent: false }, () => {
    const app = new App()
    const chart = new Chart(app, 'options', { namespace: NAMESPACE })
    new Redis(chart, 'kept', { name: 'kept', replicas: 2, image: workloadImages.redis, volume: {} })
    new Redis(chart, 'watched', {
      name: 'watched',
      image: workloadImages.redis,
      volume: {},
      auth: { users: { app: '~app:* +@all -@dangerous' } },
      sentinel: {},
    })
    new Postgres(chart, 'single', { name: 'single', replication: 'none', image: workloadImages.postgres })

    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'headless-lab-options-'))
      await ask('create', 'namespace', NAMESPACE)
      for (const { name, keys } of requiredSecrets(app)) {
        const values = keys.map((key) => `--from-literal=${key}=${key}-of-${name}`)
        await ask('create', 'secret', 'generic', name, '-n', NAMESPACE, ...values)
      }
      const file = join(folder, 'options.yaml')
      await writeFile(file, app.synthYaml())
      expect((await lab('kubectl', 'apply', '-f', file)).code).toBe(0)
      await within(240, notReady)
    })
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true })
      await ask('delete', 'namespace', NAMESPACE)
    })

    it('Redis with a volume: a master that comes back has its data, and its replica too', async () => {
      const redis = (of: string, command: string): Promise<string> =>
        inPod(NAMESPACE, of, `redis-cli ${command}`, 'redis')
      expect(await redis('kept-0', 'set key kept')).toBe('OK')
      // The log is written through every second, and at the latest when the server is told to end.
      await ask('delete', 'pod', '-n', NAMESPACE, 'kept-0')
      await within(120, async () => {
        if ((await pod(NAMESPACE, 'kept-0'))?.ready !== true) return 'kept-0 Ready'
        const info = await redis('kept-1', 'info replication')
        return info.includes('master_link_status:up') ? undefined : 'the link of kept-1'
      })
      expect(await redis('kept-0', 'get key')).toBe('kept')
      expect(await redis('kept-1', 'get key')).toBe('kept')
    })

    it('Redis with Sentinel and passwords: a replica takes over, and the former master follows it', async () => {
      const password = 'password-of-watched-secret'
      const redis = (of: string, command: string): Promise<string> =>
        inPod(NAMESPACE, of, `REDISCLI_AUTH=${password} redis-cli --no-auth-warning ${command}`, 'redis')
      const master = async (): Promise<string> => {
        const asked = await redis(
          'watched-1',
          '-h watched-headless -p 26379 sentinel get-master-addr-by-name watched',
        )
        return asked.split('.')[0] ?? ''
      }
      expect(await inPod(NAMESPACE, 'watched-0', 'redis-cli get key', 'redis')).toContain('NOAUTH')
      const app = '--user app --pass app-password-of-watched-secret --no-auth-warning'
      expect(await inPod(NAMESPACE, 'watched-0', `redis-cli ${app} set other x`, 'redis')).toContain('NOPERM')
      expect(await master()).toBe('watched-0')
      expect(await redis('watched-0', 'set app:key kept')).toBe('OK')
      expect(Number(await redis('watched-0', 'wait 2 5000'))).toBe(2)
      // It has a volume: back within seconds, it would rightly go on as the master. So it is kept away.
      const node = (await pod(NAMESPACE, 'watched-0'))?.node ?? ''
      let promoted = ''
      await ask('cordon', node)
      try {
        await ask('delete', 'pod', '-n', NAMESPACE, 'watched-0', '--grace-period=0', '--force')
        await within(90, async () => {
          promoted = await master()
          return promoted === 'watched-0' ? 'another master' : undefined
        })
      } finally {
        await ask('uncordon', node)
      }
      await within(180, async () => {
        const info = await redis('watched-0', 'info replication')
        if (!info.includes('role:slave')) return 'watched-0 as a replica'
        if (!info.includes(`master_host:${promoted}.`)) return `watched-0 behind ${promoted}`
        return info.includes('master_link_status:up') ? undefined : 'its link'
      })
      expect(await redis('watched-0', 'get app:key')).toBe('kept')
    })

    it('Postgres alone: a row survives its pod', async () => {
      const sql = (statement: string): Promise<string> =>
        inPod(NAMESPACE, 'single-0', `psql -h /var/run/postgresql -U postgres -Atc "${statement}"`)
      await sql('CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)')
      await ask('delete', 'pod', '-n', NAMESPACE, 'single-0')
      await within(120, async () =>
        (await pod(NAMESPACE, 'single-0'))?.ready === true ? undefined : 'Ready',
      )
      expect(await sql('SELECT id FROM kept')).toBe('1')
    })
  })
}
