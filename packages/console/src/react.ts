// React is a file of its own, and this is what starts it there: what it makes at its start names the place in the file that it was
// made at, and to find that the whole file is read once more.
export { createRoot } from 'react-dom/client'
