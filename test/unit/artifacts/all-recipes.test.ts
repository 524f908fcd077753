import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { keyed, type Recipe } from '../../../lab/artifacts/recipe.js'
import { goRecipes } from '../../../lab/artifacts/recipes/go.js'
import { imageRecipes, variantDockerfile, type SystemImage } from '../../../lab/artifacts/recipes/images.js'
import { versions, workloadImages } from '../../../lab/artifacts/versions.js'

const images = fileURLToPath(new URL('../../../images', import.meta.url))
const systemImages = JSON.parse(
  await readFile(join(images, 'system', 'images.json'), 'utf8'),
) as SystemImage[]
const others = imageRecipes(systemImages)
const hosts = [true, false].map((kernelHasModules) => [...goRecipes({ kernelHasModules }), ...others])
const recipes = hosts.flat()

/** All texts in which placeholders are filled in. */
const textsOf = ({ steps, cleanup = [] }: Recipe): string[] =>
  [...steps, ...cleanup].flatMap(({ run, cwd, env, input, stdoutTo }) =>
    [...run, cwd, ...Object.values(env ?? {}), input, stdoutTo].filter((text) => text !== undefined),
  )

const placeholdersOf = (made: Recipe): string[] =>
  textsOf(made).flatMap((text) =>
    [...text.matchAll(/(?<!\{)\{([a-z][a-z:0-9-]*)\}(?!\})/g)].map((match) => match[1] ?? ''),
  )

describe.each(recipes.map((made) => [made.name, made] as const))('recipe %s', (_, made) => {
  it('uses placeholders that there are', () => {
    const known = new Set([
      ...['out', 'scratch', 'images', 'key', 'mirror', 'no-cache', 'run'],
      ...(made.kind === 'image' ? ['ref'] : []),
      // Asked of Go, which is sure to be there only for those that name it.
      ...(made.tools.includes('go') ? ['gomodcache'] : []),
      ...made.dependsOn.map((name) => `artifact:${name}`),
    ])
    expect(placeholdersOf(made).filter((name) => !known.has(name))).toEqual([])
  })

  it('uses all it depends on', () => {
    const used = new Set(placeholdersOf(made))
    expect(made.dependsOn.filter((name) => !used.has(`artifact:${name}`))).toEqual([])
  })

  it('writes {mirror} and {no-cache} as whole words, which can be left out', () => {
    for (const text of textsOf(made)) {
      if (/\{(mirror|no-cache)\}/.test(text)) expect(text).toMatch(/^\{[a-z-]+\}$/)
    }
  })

  it('names inputs that are there', () => {
    expect(made.inputs.filter((input) => !existsSync(join(images, input)))).toEqual([])
  })

  it('reads nothing of images/ that is no input of it', () => {
    const read = textsOf(made).flatMap((text) =>
      [...text.matchAll(/\{images\}\/([\w./-]+)/g)].map((match) => (match[1] ?? '').replace(/\/\.?$/, '')),
    )
    const covered = (path: string): boolean =>
      made.inputs.some((input) => `${path}/`.startsWith(`${input}/`) || `${input}/`.startsWith(`${path}/`))
    expect(read.filter((path) => !covered(path))).toEqual([])
  })

  it('has words that no shell is needed for', () => {
    expect(
      [...made.steps, ...(made.cleanup ?? [])].filter(({ run }) => ['sh', 'bash'].includes(run[0] ?? '')),
    ).toEqual([])
  })
})

describe('all recipes', () => {
  it.each(hosts)('have names of their own and can be keyed', async (...all) => {
    expect([...(await keyed(all, images)).keys()].toSorted()).toEqual(all.map(({ name }) => name).toSorted())
  })

  it('are those the plan asks for, and what they need', () => {
    const names = recipes.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['node', 'containerlab', 'calico', 'kubernetes']))
  })

  it('never give an official name in the host’s engine', () => {
    const targets = others.flatMap(({ steps }) =>
      steps.flatMap(({ run }) => run.flatMap((word, i) => (word === '-t' ? [run[i + 1] ?? ''] : []))),
    )
    expect(targets.filter((target) => !/^(\{ref\}|headless-lab\/)/.test(target))).toEqual([])
  })

  it('leave no container of a build that fails, which carries no label', () => {
    const builds = others.flatMap(({ steps }) =>
      steps.filter(({ run }) => run[0] === 'docker' && run[1] === 'build'),
    )
    expect(builds.length).toBeGreaterThan(0)
    expect(builds.filter(({ run }) => !run.includes('--force-rm'))).toEqual([])
  })

  it('run debootstrap where what it mounts goes with it, also when it is killed', () => {
    const commands = recipes.flatMap(({ steps }) =>
      steps.filter(({ run }) => run.includes('debootstrap')).map(({ run }) => run.slice(0, 5).join(' ')),
    )
    expect(new Set(commands)).toEqual(new Set(['unshare --mount --propagation private debootstrap']))
  })
})

describe('versions', () => {
  const goMod = (name: string): Promise<string> => readFile(join(images, name, 'go.mod'), 'utf8')

  it.each([
    ['kubernetes', 'k8s.io/kubernetes', versions.kubernetes],
    ['etcd', 'go.etcd.io/etcd/server/v3', `v${versions.etcd}`],
    ['coredns', 'github.com/coredns/coredns', versions.coredns],
    ['containerlab', 'github.com/srl-labs/containerlab', `v${versions.containerlab}`],
    ['local-path-provisioner', 'github.com/rancher/local-path-provisioner', versions.localPathProvisioner],
  ])('%s is the one that is pinned', async (name, path, version) => {
    expect(await goMod(name)).toMatch(
      new RegExp(`^\\s*(require )?${path.replaceAll('.', '\\.')} ${version}$`, 'm'),
    )
  })

  it('of Kafka is the one that is pinned, with a checksum of each jar', async () => {
    const pom = await readFile(join(images, 'kafka', 'pom.xml'), 'utf8')
    expect(pom).toContain(`<artifactId>kafka</artifactId>\n  <version>${versions.kafka}</version>`)
    const jars = await readFile(join(images, 'kafka', 'libs.sha256'), 'utf8')
    const names = [...jars.matchAll(/^[0-9a-f]{64} {2}(\S+\.jar)$/gm)].map((match) => match[1])
    expect(names).toHaveLength(jars.trimEnd().split('\n').length)
    const direct = [...pom.matchAll(/<artifactId>(kafka[_-][\w.-]+)</g)].map((match) => match[1] ?? '')
    expect(direct).toHaveLength(2)
    expect(names).toEqual(expect.arrayContaining(direct.map((name) => `${name}-${versions.kafka}.jar`)))
  })

  it('of a Maven plugin is said: without one, Maven takes the newest of the day', () => {
    const plugins = others.flatMap(({ steps }) =>
      steps.flatMap(({ run }) => (run[0] === 'mvn' ? run.filter((word) => /^[a-z.]+:/.test(word)) : [])),
    )
    expect(plugins).toHaveLength(1)
    expect(plugins.filter((plugin) => !/^[\w.]+:[\w-]+:\d+\.\d+\.\d+:[\w-]+$/.test(plugin))).toEqual([])
  })

  it('of Calico is the one its go.mod speaks of, and the recipe reads the module that is pinned', async () => {
    const text = await goMod('calico')
    expect(text).toContain(`release ${versions.calico}`)
    const pinned = /^require github\.com\/projectcalico\/calico (\S+)$/m.exec(text)?.[1] ?? 'none'
    const calico = recipes.find(({ name }) => name === 'calico')
    expect(calico && textsOf(calico).join(' ')).toContain(`github.com/projectcalico/calico@${pinned}`)
  })

  it('the containerlab that is copied is the one that is pinned', () => {
    const copied = hosts[1]?.find(({ name }) => name === 'containerlab')
    expect(copied && textsOf(copied).join(' ')).toContain(`@v${versions.containerlab}`)
  })

  it.each([
    ['registry.k8s.io/kube-apiserver', versions.kubernetes],
    ['registry.k8s.io/kube-controller-manager', versions.kubernetes],
    ['registry.k8s.io/kube-scheduler', versions.kubernetes],
    ['registry.k8s.io/kube-proxy', versions.kubernetes],
    ['registry.k8s.io/etcd', versions.etcdImageTag],
    ['registry.k8s.io/coredns/coredns', versions.coredns],
    ['registry.k8s.io/pause', versions.pause],
    ['docker.io/calico/node', versions.calico],
    ['docker.io/calico/cni', versions.calico],
    ['docker.io/calico/kube-controllers', versions.calico],
    ['docker.io/calico/typha', versions.calico],
    ['docker.io/rancher/local-path-provisioner', versions.localPathProvisioner],
  ])('%s has the tag that is asked for', (name, tag) => {
    expect(systemImages.find((image) => image.name === name)?.tag).toBe(tag)
  })

  it('etcd’s tag tells the version that is really built', () => {
    expect(versions.etcdImageTag).toMatch(new RegExp(`^${versions.etcd.replaceAll('.', '\\.')}-\\d+$`))
  })

  it('every workload image gets its name in the node', () => {
    const node = others.find(({ name }) => name === 'node')
    const tags =
      node?.steps
        .find(({ run }) => run[0] === 'tee')
        ?.input?.trim()
        .split('\n') ?? []
    const inNode = tags.map((line) => line.split(' ')[1])
    expect(inNode).toEqual(expect.arrayContaining(Object.values(workloadImages)))
    expect(inNode).toEqual(expect.arrayContaining(systemImages.map(({ name, tag }) => `${name}:${tag}`)))
    expect(new Set(inNode).size).toBe(inNode.length)
    expect(new Set(tags.map((line) => line.split(' ')[0])).size).toBe(tags.length)
  })
})

describe('variantDockerfile', () => {
  it('writes all that a variant may say', () => {
    const image: SystemImage = {
      name: 'x/y',
      tag: '1',
      entrypoint: ['/run', 'a b'],
      cmd: ['serve'],
      user: '999',
      workdir: '/work',
      env: { A: '1', B: 'two words' },
    }
    expect(variantDockerfile('from:1', image).split('\n')).toEqual([
      'FROM from:1',
      'ENV A="1"',
      'ENV B="two words"',
      'WORKDIR /work',
      'USER 999',
      'ENTRYPOINT ["/run","a b"]',
      'CMD ["serve"]',
      '',
    ])
  })

  it('takes entrypoint and command of the base away where it says none', () => {
    expect(variantDockerfile('from:1', { name: 'x/y', tag: '1' })).toBe(
      'FROM from:1\nENTRYPOINT []\nCMD []\n',
    )
  })
})
