import { describe, expect, it } from 'vitest'
import { ask, inPod, notReady, pods, readyBehind, secret, toolOn, within, type PodSeen } from './cluster.js'
import { command, LAB } from './program.js'

const NAMESPACE = 'database'
const PATRONICTL = 'patronictl -c /var/run/postgresql/patroni.yml'

const members = (): Promise<PodSeen[]> => pods('-n', NAMESPACE, '-l', 'app=postgres')

async function primary(): Promise<PodSeen> {
  const found = (await members()).filter(({ labels }) => labels['role'] === 'primary')
  const [only] = found
  if (only === undefined || found.length > 1)
    throw new Error(`${found.length} pods have the label of a primary`)
  return only
}

/** SQL as the superuser, by the socket of a member. */
const sqlIn = (pod: string, statement: string): Promise<string> =>
  inPod(NAMESPACE, pod, `psql -h /var/run/postgresql -U postgres -Atc "${statement}"`)

/** Postgres by Patroni: what it keeps when the node of its primary stands still. */
export function postgresTests(): void {
  describe('Postgres', { concurrent: false }, () => {
    it('has one primary and two replicas, one on each node, and a commit waits for one of them', async () => {
      const all = await members()
      expect(all.map(({ labels }) => labels['role']).sort()).toEqual(['primary', 'replica', 'replica'])
      expect(new Set(all.map(({ node }) => node)).size).toBe(3)
      const { name } = await primary()
      await synchronousReplica()
      expect(await readyBehind(NAMESPACE, 'postgres-primary')).toEqual([name])
      const states = await sqlIn(
        name,
        "SELECT string_agg(sync_state, ',' ORDER BY sync_state) FROM pg_stat_replication",
      )
      expect(states).toBe('async,sync')
    })

    it('fails over when the node of its primary stands still, keeps every acknowledged row, and takes it back', async () => {
      await movePrimaryOffTheControlPlane()
      const old = await primary()
      await synchronousReplica()
      await sqlIn(
        old.name,
        'DROP TABLE IF EXISTS acknowledged; CREATE TABLE acknowledged (id int PRIMARY KEY)',
      )
      const tool = await toolOn(`${LAB}-control-plane`)
      await startWriting(tool)
      let promoted = ''
      try {
        await within(30, async () =>
          (await acknowledged(tool)).length > 20 ? undefined : 'twenty acknowledged rows',
        )
        await command('docker', 'pause', old.node)
        try {
          await within(90, async () => {
            const ready = await readyBehind(NAMESPACE, 'postgres-primary')
            ;[promoted = ''] = ready
            return ready.length === 1 && promoted !== old.name
              ? undefined
              : `ready behind postgres-primary: ${ready.join(', ')}`
          })
          const before = (await acknowledged(tool)).length
          await within(60, async () =>
            (await acknowledged(tool)).length > before
              ? undefined
              : 'a row that the new primary acknowledges',
          )
        } finally {
          await command('docker', 'unpause', old.node)
        }
      } finally {
        await inPod('default', tool, 'touch /tmp/stop-writing')
      }
      // First what was acknowledged, then what is kept: a last row may be acknowledged in between.
      const ids = await acknowledged(tool)
      const kept = new Set((await sqlIn(promoted, 'SELECT id FROM acknowledged')).split('\n'))
      expect(ids.filter((id) => !kept.has(id))).toEqual([])
      expect(ids.length).toBeGreaterThan(20)

      await within(180, async () => {
        const all = await members()
        const back = all.find(({ name }) => name === old.name)
        if (back?.labels['role'] !== 'replica') return `${old.name} as a replica`
        if (!all.every(({ ready }) => ready)) return 'all members Ready'
        const streams = await sqlIn(
          promoted,
          "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'",
        )
        return streams === '2' ? undefined : `two replicas that stream, not ${streams}`
      })
      expect(await sqlIn(old.name, 'SELECT count(*) FROM acknowledged')).toBe(
        await sqlIn(promoted, 'SELECT count(*) FROM acknowledged'),
      )
      // The others of that node were away too.
      await within(180, notReady)
    })
  })
}

/**
 * The replica that commits wait for, as soon as Patroni has written it down: only that one may take over, and
 * while there is none nobody may.
 */
async function synchronousReplica(): Promise<string> {
  let name = ''
  await within(60, async () => {
    const noted = await ask(
      ...['get', 'configmap', '-n', NAMESPACE, 'postgres-sync'],
      ...['-o', 'jsonpath={.metadata.annotations.leader}/{.metadata.annotations.sync_standby}'],
    )
    const [leader, standby = ''] = noted.split('/')
    name = standby
    return standby !== '' && leader === (await primary()).name ? undefined : 'a synchronous replica'
  })
  return name
}

/** With the control plane's node the API server would stand still too, and nobody could be promoted. */
async function movePrimaryOffTheControlPlane(): Promise<void> {
  const leader = await primary()
  if (leader.node !== `${LAB}-control-plane`) return
  const name = leader.name
  const candidate = await synchronousReplica()
  await inPod(NAMESPACE, name, `${PATRONICTL} switchover --leader ${name} --candidate ${candidate} --force`)
  await within(60, async () => {
    const ready = await readyBehind(NAMESPACE, 'postgres-primary')
    return ready.length === 1 && ready[0] === candidate
      ? undefined
      : `ready behind postgres-primary: ${ready.join(', ')}`
  })
}

/**
 * Writes rows from a multitool pod by the name of the primary's service, each over a connection of its own, and
 * notes those that were acknowledged; it goes on, through errors, until it is told to stop.
 */
async function startWriting(tool: string): Promise<void> {
  const password = await secret(NAMESPACE, 'postgres-secret', 'password')
  const write = `export PGPASSWORD=${password} PGCONNECT_TIMEOUT=2
rm -f /tmp/acknowledged /tmp/stop-writing; id=0
while [ ! -e /tmp/stop-writing ]; do
  id=$((id + 1))
  timeout 5 psql -h postgres-primary.${NAMESPACE} -U postgres -qc "INSERT INTO acknowledged VALUES ($id)" && echo $id >> /tmp/acknowledged
done`
  await inPod('default', tool, `( ${write} ) > /dev/null 2>&1 &`)
}

const acknowledged = async (tool: string): Promise<string[]> =>
  (await inPod('default', tool, 'cat /tmp/acknowledged 2>/dev/null || true'))
    .split('\n')
    .filter((id) => id !== '')
