import { Outlet } from '@tanstack/react-router'

export default function Profile() {
  return <Outlet />
}
