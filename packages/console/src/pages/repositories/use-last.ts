import { useState } from 'react'

/** What was last there: a dialog that is closing still shows what it was about. */
export function useLast<Value>(value: Value | undefined): Value | undefined {
  const [last, setLast] = useState(value)
  if (value !== undefined && value !== last) setLast(value)
  return value ?? last
}
