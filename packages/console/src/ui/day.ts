const dayMs = 86_400_000

/** The day so many days from now, as a date field writes it, in the time zone of whoever looks. */
export function dayIn(days: number): string {
  const day = new Date(Date.now() + days * dayMs)
  const [month, date] = [day.getMonth() + 1, day.getDate()].map((part) =>
    String(part).padStart(2, '0'),
  )
  return `${day.getFullYear()}-${month}-${date}`
}

/** The last second of such a day, as the API takes it; what is no day stays as it is, for the API to refuse. */
export function endOfDay(day: string): string {
  const end = new Date(`${day}T23:59:59`)
  return Number.isNaN(end.getTime()) ? day : end.toISOString()
}
