import { ApiProblem } from '@berth/api/client.ts'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import type * as z from 'zod'
import { uiText } from '../text/ui.ts'

type Values = Record<string, unknown>

/**
 * A form that checks as the API does, by the same schema: beside the field when it is left, and whole before sending. What the
 * server refuses afterwards stands beside the fields it is about; the rest is `fault`. What was typed stays in any case.
 *
 * `toBody` makes the body of the request from what is in the form; faults of `path` `['name']` belong to the field `name`.
 */
export function useApiForm<Form extends Values, Schema extends z.ZodType>(options: {
  readonly schema: Schema
  readonly initial: Form
  readonly toBody?: (values: Form) => unknown
  readonly send: (body: z.input<Schema>) => Promise<unknown>
  readonly onDone?: () => void
}) {
  const { schema, initial, toBody = (values: Form): unknown => values, send, onDone } = options
  const [fault, setFault] = useState<string>()
  const [isSending, setSending] = useState(false)
  const form = useForm<Form>({
    mode: 'controlled',
    initialValues: initial,
    validateInputOnBlur: true,
    validate: (values) => faultsOf(schema.safeParse(toBody(values)), initial).fields,
  })

  const submit = async (values: Form): Promise<void> => {
    const body = toBody(values)
    const { rest } = faultsOf(schema.safeParse(body), initial)
    setFault(rest)
    if (rest !== undefined) return
    setSending(true)
    try {
      await send(body as z.input<Schema>)
      onDone?.()
    } catch (error) {
      const { fields, rest: other } = faultsOfProblem(error, initial)
      form.setErrors(fields)
      setFault(other)
    } finally {
      setSending(false)
    }
  }
  return {
    form,
    fault,
    isSending,
    onSubmit: form.onSubmit((values) => void submit(values)),
    reset: () => {
      form.reset()
      setFault(undefined)
    },
  }
}

type Faults = { fields: Record<string, string>; rest: string | undefined }

function faultsOf(result: z.ZodSafeParseResult<unknown>, initial: Values): Faults {
  const faults: Faults = { fields: {}, rest: undefined }
  for (const { path, message } of result.error?.issues ?? []) {
    place(faults, path.map(String), message, initial)
  }
  return faults
}

function faultsOfProblem(error: unknown, initial: Values): Faults {
  const faults: Faults = { fields: {}, rest: undefined }
  if (!(error instanceof ApiProblem)) return { ...faults, rest: uiText.away }
  if (error.status === 412) return { ...faults, rest: uiText.changedMeanwhile }
  for (const { path, message } of error.errors) place(faults, stepsOf(path), message, initial)
  const isPlaced = Object.keys(faults.fields).length > 0 && faults.rest === undefined
  return isPlaced ? faults : { ...faults, rest: faults.rest ?? error.message }
}

/** The server names what is wrong as `body.name`, or as a list of steps. */
function stepsOf(path: unknown): string[] {
  const steps = Array.isArray(path) ? path.map(String) : String(path).split(/[./]/)
  return steps.filter((step) => step !== '' && step !== 'body')
}

/** Beside the nearest field there is: a fault in the third of several lines belongs to that list. */
function place(faults: Faults, steps: readonly string[], message: string, initial: Values): void {
  const [first = ''] = steps
  if (first in initial) faults.fields[first] ??= message
  else faults.rest ??= first === '' ? message : `${steps.join('.')}: ${message}`
}
