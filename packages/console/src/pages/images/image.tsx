import { Outlet } from '@tanstack/react-router'

export default function Image() {
  return <Outlet />
}
