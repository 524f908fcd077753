import { describe, expect, it } from 'vitest'
import { ask, inPod, notReady, pod, pods, restarted, secret, toolOn, within } from './cluster.js'
import { LAB } from './program.js'

/** What each workload of the documents does, asked as its clients would. */
export function workloadTests(): void {
  describe('the workloads', { concurrent: false }, () => {
    it('are all Ready, but those of namespace fixtures, and none was ever restarted', async () => {
      expect(await notReady()).toBeUndefined()
      expect(await restarted()).toEqual([])
      expect((await pods('-A')).length).toBeGreaterThan(30)
    })

    it('gRPC: calls spread over all pods by the headless name, and stay with one by the virtual address', async () => {
      const counts = async (target: string): Promise<number[]> => {
        const said = await inPod(
          'default',
          'deployment/grpc-client',
          `grpc-client ${target} --requests 90 --json`,
        )
        const { answers } = JSON.parse(said) as { readonly answers: Readonly<Record<string, number>> }
        return Object.values(answers)
      }
      const spread = await counts('grpc-backend:50051')
      expect(spread).toEqual([30, 30, 30])
      expect(await counts('grpc-backend-clusterip:50051')).toEqual([90])
    })

    it('MySQL: a row written on the primary is read on each replica, by the names of their pods', async () => {
      const password = await secret('default', 'mysql-secret', 'password')
      const tool = await toolOn(`${LAB}-worker`)
      const sql = (pod: number, statement: string): Promise<string> =>
        inPod(
          'default',
          tool,
          `MYSQL_PWD=${password} mariadb -h mysql-${pod}.mysql-headless -u app app -Nse "${statement}"`,
        )
      await sql(0, 'CREATE OR REPLACE TABLE written (id INT PRIMARY KEY); INSERT INTO written VALUES (1)')
      for (const replica of [1, 2]) {
        await within(30, async () =>
          (await sql(replica, 'SELECT id FROM written')) === '1' ? undefined : 'the row',
        )
        await expect(sql(replica, 'INSERT INTO written VALUES (2)')).rejects.toThrow('read-only')
      }
    })

    it('external database: a pod queries it by the name of the service', async () => {
      const password = await secret('default', 'external-db-secret', 'password')
      const tool = await toolOn(`${LAB}-worker`)
      const query = `PGPASSWORD=${password} psql -h external-db -U app -d app -Atc 'SELECT 6 * 7'`
      expect(await inPod('default', tool, query)).toBe('42')
    })

    it('NetworkPolicies refuse who is not meant, and let in who is', async () => {
      // A pod of another namespace than the database's, which is not the toolbox.
      const reach = (tool: string, host: string, port: number): Promise<string> =>
        inPod('moon', tool, `nc -z -w 2 ${host} ${port} && echo open || echo closed`)
      expect(await reach('tmp01', 'regular-svc', 80)).toBe('open')
      expect(await reach('tmp01', 'postgres.database', 5432)).toBe('closed')
      expect(await reach('tmp01', 'redis-headless.default', 6379)).toBe('closed')
      const tool = await toolOn(`${LAB}-worker`)
      expect(
        await inPod('default', tool, 'nc -z -w 2 postgres.database 5432 && echo open || echo closed'),
      ).toBe('open')
      expect(
        await inPod('default', tool, 'nc -z -w 2 kafka-headless.streaming 9093 && echo open || echo closed'),
      ).toBe('closed')
    })

    it('Redis: when redis-0 is deleted, the replicas follow its name to the new address', async () => {
      const before = (await pod('default', 'redis-0'))?.ip
      await ask('delete', 'pod', 'redis-0')
      await within(120, async () => {
        const now = await pod('default', 'redis-0')
        if (now?.ready !== true) return 'redis-0 Ready again'
        for (const replica of ['redis-1', 'redis-2']) {
          const info = await inPod('default', replica, 'redis-cli info replication', 'redis')
          if (!info.includes('master_link_status:up')) return `${replica} linked to the new master`
          expect(info).toContain('master_host:redis-0.redis-headless.default.svc.cluster.local')
        }
        return undefined
      })
      const now = await pod('default', 'redis-0')
      expect(now?.ip).not.toBe(before)
      const info = await inPod('default', 'redis-0', 'redis-cli info replication', 'redis')
      expect(info).toContain('connected_slaves:2')
    })
  })
}
