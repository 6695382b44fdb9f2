import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './ui/styles.css'
import { StrictMode } from 'react'
import { App } from './app.tsx'
import { createRoot } from './react.ts'
import { loadFirstPage } from './routes.tsx'
import { printLight } from './ui/print.ts'

const root = document.querySelector('#root')
if (!root) throw new Error('The page has no #root.')
loadFirstPage()
printLight()
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
