import { Outlet } from '@tanstack/react-router'

export default function Repository() {
  return <Outlet />
}
