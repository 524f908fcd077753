// `npm run bench`: how long the commands take on this machine, each as a whole process, under a lab name of
// its own. Artifacts are built before anything is timed. Machines are noisy: compare what one run printed.
import { $, chalk } from 'zx'

const LAB = 'headless-bench'
$.verbose = false
$.stdio = ['ignore', 'pipe', 'inherit']

/** Runs a command of the program some times; gives the seconds of each. */
async function time(times, ...args) {
  const seconds = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await $`node scripts/headless-lab.mjs ${args} --name ${LAB}`
    seconds.push((performance.now() - began) / 1000)
  }
  return seconds
}

function row(title, seconds) {
  const sorted = seconds.toSorted((a, b) => a - b)
  const [min, median, max] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  const figures = [min, median, max].map((figure) => `${figure.toFixed(1)} s`.padStart(9))
  console.log(`${title.padEnd(40)}${figures.join('')}   (${seconds.length} runs)`)
}

/** How often containers of the lab were started again, all together. */
async function restarts() {
  const counts = '{.items[*].status.containerStatuses[*].restartCount}'
  const { stdout } =
    await $`node scripts/headless-lab.mjs kubectl --name ${LAB} get pods -A -o jsonpath=${counts}`
  return stdout.split(' ').reduce((sum, count) => sum + Number(count), 0)
}

try {
  // The first deploy may have to build; what is timed starts from nothing but the artifacts.
  await time(1, 'deploy')
  await time(1, 'teardown')
  const deploy = []
  const teardown = []
  let again = []
  let verify = []
  let restarted = 0
  for (let run = 1; run <= 3; run++) {
    deploy.push(...(await time(1, 'deploy')))
    restarted += await restarts()
    if (run === 3) {
      again = await time(5, 'deploy')
      verify = await time(5, 'verify')
    }
    teardown.push(...(await time(1, 'teardown')))
  }
  console.log(
    chalk.bold(`${'seconds'.padEnd(40)}${['min', 'median', 'max'].map((word) => word.padStart(9)).join('')}`),
  )
  row('deploy and verify, artifacts built', deploy)
  row('deploy of a lab that is as declared', again)
  row('verify', verify)
  row('teardown', teardown)
  console.log(`containers started again in these deploys: ${restarted}`)
} finally {
  await $`node scripts/headless-lab.mjs teardown --name ${LAB}`.nothrow()
}
