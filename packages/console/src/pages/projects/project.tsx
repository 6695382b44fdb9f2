import { Outlet } from '@tanstack/react-router'

export default function Project() {
  return <Outlet />
}
