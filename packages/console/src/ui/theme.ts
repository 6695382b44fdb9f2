import { createTheme, type MantineColorsTuple } from '@mantine/core'
import { uiText } from '../text/ui.ts'
import { keepFocus } from './keep-focus.ts'

/** The colour of Berth: harbour water. */
const harbour: MantineColorsTuple = [
  '#e6f7fa',
  '#d2ebf0',
  '#a5d6e0',
  '#74c0d0',
  '#4eaec2',
  '#37a3ba',
  '#2799b2',
  '#15819a',
  '#0b6b82',
  '#00586d',
]

const dialog = {
  // Their heads are `<header>`, which would be a second one of the page.
  attributes: { header: { role: 'presentation' } },
  // Wheel and fingers are held back; a style sheet on top of that would cost the whole page its layout.
  removeScrollProps: { removeScrollBar: false },
  closeButtonProps: { 'aria-label': uiText.close },
  onExitTransitionEnd: keepFocus,
}

export const theme = createTheme({
  primaryColor: 'harbour',
  // Dark enough on white, light enough on black: both have a contrast of 4.5.
  primaryShade: { light: 8, dark: 7 },
  colors: { harbour },
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.5rem' },
      h2: { fontSize: '1.15rem' },
      h3: { fontSize: '1.05rem' },
      h4: { fontSize: '1rem' },
      h5: { fontSize: '0.95rem' },
      h6: { fontSize: '0.9rem' },
    },
  },
  components: {
    Modal: { defaultProps: dialog },
    Drawer: { defaultProps: dialog },
    // A list of a hundred names is made when it is opened.
    Combobox: { defaultProps: { keepMounted: false } },
  },
  respectReducedMotion: true,
  cursorType: 'pointer',
})
