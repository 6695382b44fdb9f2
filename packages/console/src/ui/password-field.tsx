import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useState } from 'react'
import { uiText } from '../text/ui.ts'

/** A field whose text is hidden until one asks for it, by mouse or keyboard. */
export function PasswordField(props: PasswordInputProps) {
  const [isVisible, setVisible] = useState(false)
  return (
    <PasswordInput
      {...props}
      // Which Mantine says of its other fields, but not of this one.
      aria-invalid={Boolean(props.error)}
      visible={isVisible}
      onVisibilityChange={setVisible}
      visibilityToggleFocusable
      visibilityToggleButtonProps={{
        'aria-label': isVisible ? uiText.hideTyped : uiText.showTyped,
        // The name says it; both together would be read as "hide, pressed".
        'aria-pressed': undefined,
      }}
    />
  )
}
