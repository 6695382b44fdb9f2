import { Text } from '@mantine/core'
import {
  IconBox,
  IconBug,
  IconCertificate,
  IconClipboardList,
  IconDatabase,
  IconFolders,
  IconGauge,
  IconHandStop,
  IconHome,
  IconKey,
  IconListCheck,
  IconLock,
  IconMessageReport,
  IconPackages,
  type IconProps,
  IconRecycle,
  IconRobot,
  IconScale,
  IconSearch,
  IconServer,
  IconSettings,
  IconShield,
  IconShieldCheck,
  IconUsers,
  IconUsersGroup,
} from '@tabler/icons-react'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef, ComponentType } from 'react'
import { type InstanceAction, useSession } from '../api/session.ts'
import { shellText } from '../text/shell.ts'
import classes from './shell.module.css'

type Entry = {
  readonly to: string
  readonly label: string
  readonly icon: ComponentType<IconProps>
  /** Offered only to whoever may do one of these on the instance; without it to everybody signed in. */
  readonly needs?: readonly InstanceAction[]
  readonly isExact?: boolean
  /** To those too who are not signed in: public repositories. */
  readonly isOpen?: boolean
}
type Group = { readonly label: string; readonly entries: readonly Entry[] }

const text = shellText.navigation
const groups: readonly Group[] = [
  {
    label: text.registry,
    entries: [
      { to: '/', label: text.home, icon: IconHome, isExact: true, isOpen: true },
      { to: '/projects', label: text.projects, icon: IconFolders },
      { to: '/repositories', label: text.repositories, icon: IconBox, isOpen: true },
      { to: '/search', label: text.search, icon: IconSearch, isOpen: true },
    ],
  },
  {
    label: text.security,
    entries: [
      { to: '/security', label: text.overview, icon: IconShield, isExact: true },
      { to: '/security/findings', label: text.findings, icon: IconBug },
      { to: '/security/packages', label: text.packages, icon: IconPackages },
      { to: '/security/policies', label: text.policies, icon: IconScale },
      { to: '/security/exceptions', label: text.exceptions, icon: IconHandStop },
      { to: '/security/statements', label: text.statements, icon: IconMessageReport },
      { to: '/security/denials', label: text.denials, icon: IconLock },
      { to: '/security/advisories', label: text.advisories, icon: IconShieldCheck },
    ],
  },
  {
    label: text.administration,
    entries: [
      { to: '/administration/users', label: text.users, icon: IconUsers, needs: ['readUsers'] },
      {
        to: '/administration/groups',
        label: text.groups,
        icon: IconUsersGroup,
        needs: ['readUsers'],
      },
      {
        to: '/administration/robots',
        label: text.robots,
        icon: IconRobot,
        needs: ['readSystem'],
      },
      {
        to: '/administration/workloads',
        label: text.workloads,
        icon: IconKey,
        needs: ['readSystem'],
      },
      {
        to: '/administration/immutability',
        label: text.immutability,
        icon: IconLock,
        needs: ['readSystem'],
      },
      {
        to: '/administration/trust',
        label: text.trust,
        icon: IconCertificate,
        needs: ['readSystem'],
      },
      {
        to: '/administration/audit',
        label: text.audit,
        icon: IconClipboardList,
        needs: ['readSystem'],
      },
      { to: '/administration/jobs', label: text.jobs, icon: IconListCheck, needs: ['readSystem'] },
      {
        to: '/administration/collection',
        label: text.collection,
        icon: IconRecycle,
        needs: ['readSystem'],
      },
      {
        to: '/administration/storage',
        label: text.storage,
        icon: IconDatabase,
        needs: ['readSystem'],
      },
      { to: '/administration/system', label: text.system, icon: IconGauge, needs: ['readSystem'] },
      {
        to: '/administration/scanners',
        label: text.scanners,
        icon: IconServer,
        needs: ['readSystem'],
      },
      { to: '/administration/sign-in', label: text.signIn, icon: IconKey, needs: ['readSystem'] },
      {
        to: '/administration/configuration',
        label: text.configuration,
        icon: IconSettings,
        needs: ['readSystem'],
      },
    ],
  },
]

/** One element, as there are many of them on every page. */
const NavItem = createLink((props: ComponentPropsWithRef<'a'>) => (
  <a {...props} className={classes.item} />
))

/** Every page that whoever sits there may open; what a role may not do is not offered. */
export function Navigation() {
  const session = useSession()
  const isOffered = ({ needs, isOpen = false }: Entry) =>
    isOpen ||
    (session !== undefined &&
      (needs === undefined || needs.some((action) => session.allowed.includes(action))))
  return (
    <nav aria-label={text.label}>
      {groups.map(({ label, entries }) => {
        const offered = entries.filter(isOffered)
        if (offered.length === 0) return null
        return (
          <div key={label} role="group" aria-label={label}>
            <Text size="xs" fw={600} className="berth-quiet" px="sm" pt="sm" pb={4}>
              {label}
            </Text>
            {offered.map(({ to, label: name, icon: Icon, isExact = false }) => (
              <NavItem
                key={to}
                to={to}
                activeOptions={{ exact: isExact, includeSearch: false }}
                activeProps={{ 'aria-current': 'page' }}
              >
                <Icon size={17} stroke={1.6} aria-hidden />
                {name}
              </NavItem>
            ))}
          </div>
        )
      })}
    </nav>
  )
}
