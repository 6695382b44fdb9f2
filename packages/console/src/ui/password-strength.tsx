import { Box, Progress, Text } from '@mantine/core'
import { strengthText as text } from '../text/sign-in.ts'

/** The server takes no shorter one. */
export const passwordCharactersMin = 12
const good = 16
const strong = 20

/** How good a password is by its length, which is what counts; the words say what the bar shows. */
export function PasswordStrength({ password }: { password: string }) {
  const length = Array.from(password).length
  if (length === 0) return null
  const words =
    length < passwordCharactersMin
      ? text.short(passwordCharactersMin - length)
      : length < good
        ? text.fair
        : length < strong
          ? text.good
          : text.strong
  const color = length < passwordCharactersMin ? 'red.9' : length < good ? 'yellow.9' : 'teal.9'
  return (
    <Box>
      <Progress
        value={Math.min(100, (length / strong) * 100)}
        color={color}
        size="sm"
        aria-label={text.label}
        aria-valuetext={words}
      />
      <Text size="xs" className="berth-quiet" mt={4}>
        {words}
      </Text>
    </Box>
  )
}
