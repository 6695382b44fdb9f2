import { writeFileSync } from 'node:fs'
import { describeMachine } from './machine.ts'
import { contenders } from './peers/contenders.ts'
import { programVersion } from './peers/programs.ts'
import { barLine, type Finished, reportPage, section } from './report.ts'
import type { Context, Scenario } from './scenarios/scenario.ts'
import { scenarios } from './scenarios/scenarios.ts'
import { parseSettings, type Settings, usage } from './settings.ts'
import { Workspace } from './workspace.ts'

try {
  const { list, help, ...settings } = parseSettings(process.argv.slice(2))
  requireKnown('--only', settings.only, names(scenarios))
  requireKnown('--peers', settings.peers, names(contenders))
  if (help) print(usage)
  else if (list) printScenarios()
  else await runBenchmark(settings)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

function printScenarios(): void {
  for (const { name, title, bars } of scenarios) print(`${name}: ${title}\n  ${bars.join('\n  ')}`)
}

async function runBenchmark(settings: Settings): Promise<void> {
  const wanted = contenders.filter(
    ({ name }) => settings.peers.length === 0 || settings.peers.includes(name),
  )
  const absent = wanted.flatMap((contender) => contender.absence() ?? [])
  for (const reason of new Set(absent)) print(`Skipped: ${reason}`)
  const present = wanted.filter((contender) => contender.absence() === undefined)

  const workspace = new Workspace()
  const context = {
    settings,
    workspace,
    contenders: present,
    log: (text: string) => print(`  ${text}`),
  }
  const run = {
    date: new Date().toISOString().slice(0, 10),
    settings,
    machine: describeMachine(workspace.directory),
    versions: [
      ...present.map((contender) => `${contender.name}: ${contender.version()}`),
      `Clients: wrk ${programVersion('wrk', ['-v'])}, curl ${programVersion('curl', ['--version'])}`,
    ],
    absent: [...new Set(absent)],
    finished: [] as Finished[],
  }
  for (const line of [...run.machine, ...run.versions]) print(line)
  for (const scenario of scenarios.filter((scenario) => isChosen(scenario, context))) {
    print(`\n${scenario.name}: ${scenario.title}`)
    const finished = await runScenario(scenario, context)
    run.finished.push(finished)
    print(section(finished).slice(4).join('\n'))
    for (const bar of finished.result?.bars ?? []) print(barLine(scenario.name, bar))
  }
  workspace.dispose()

  const page = reportPage(run)
  print(`\n${page}`)
  if (settings.markdown !== undefined) writeFileSync(settings.markdown, page)
  if (settings.json !== undefined)
    writeFileSync(settings.json, `${JSON.stringify(run, undefined, 2)}\n`)
}

/** A scenario that fails is reported and does not keep the others from running. */
async function runScenario(scenario: Scenario, context: Context): Promise<Finished> {
  try {
    return { scenario, result: await scenario.run(context), failure: undefined }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    context.log(failure)
    return { scenario, result: undefined, failure }
  }
}

function isChosen(scenario: Scenario, { settings, contenders }: Context): boolean {
  if (scenario.berthOnly && !contenders.some(({ name }) => name === 'berth')) return false
  if (settings.only.length > 0) return settings.only.includes(scenario.name)
  return !(settings.quick && scenario.heavy)
}

function requireKnown(option: string, given: string[], known: string[]): void {
  const unknown = given.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new Error(`${option}: unknown ${unknown.join(', ')}; known are ${known.join(', ')}`)
}

function names(named: { name: string }[]): string[] {
  return named.map(({ name }) => name)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
