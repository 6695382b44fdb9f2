import { AppShell, Burger, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link, Outlet, useRouter } from '@tanstack/react-router'
import { useCallback, useEffect, useRef } from 'react'
import { shellText } from '../text/shell.ts'
import { AccountMenu } from './account-menu.tsx'
import { ConnectionBanner } from './connection-banner.tsx'
import { KeyboardHelp } from './keyboard-help.tsx'
import { Navigation } from './navigation.tsx'
import { SearchBox } from './search-box.tsx'
import { useSessionWatch } from './session-watch.ts'
import { useShortcuts } from './shortcuts.ts'
import { SignInAgain } from './sign-in-again.tsx'
import classes from './shell.module.css'

/** What stands around every page. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure(false)
  const items = useRef<HTMLDivElement>(null)
  const router = useRouter()
  useEffect(() => {
    // The list is longer than a small window: where one is has to be seen.
    const showItem = () =>
      items.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest' })
    showItem()
    // Not by the state of the router: what stands around the page is not rendered anew with every page.
    const forget = [
      router.subscribe('onBeforeLoad', ({ pathChanged }) => pathChanged && close()),
      router.subscribe('onRendered', showItem),
    ]
    return () => {
      for (const each of forget) each()
    }
  }, [router, close])
  const [isHelpOpen, help] = useDisclosure(false)
  const menuButton = useRef<HTMLButtonElement>(null)
  const searchField = useRef<HTMLInputElement>(null)
  const search = useCallback(() => {
    searchField.current?.focus()
    searchField.current?.select()
  }, [])
  useShortcuts({ onSearch: search, onHelp: help.open })
  useSessionWatch()
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 224, breakpoint: 'md', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#main" className="berth-skip" onClick={skipToMain}>
        {shellText.skip}
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" gap="sm" wrap="nowrap">
          <Burger
            ref={menuButton}
            opened={isOpen}
            onClick={toggle}
            hiddenFrom="md"
            size="sm"
            aria-label={isOpen ? shellText.closeMenu : shellText.openMenu}
            aria-expanded={isOpen}
          />
          <Link to="/" className={classes.brand} aria-label={shellText.home}>
            <img src="./berth.svg" width={26} height={26} alt="" />
            <span className={classes.name}>Berth</span>
          </Link>
          <SearchBox field={searchField} />
          <AccountMenu onKeyboardHelp={help.open} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        className={classes.navbar}
        data-closed={isOpen ? undefined : true}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || !isOpen) return
          close()
          menuButton.current?.focus()
        }}
      >
        <div className={classes.items} ref={items}>
          <Navigation />
        </div>
      </AppShell.Navbar>
      {/* On a phone the menu lies above the page: what has the focus there must not be hidden. */}
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }} onFocus={close}>
        <ConnectionBanner />
        <Outlet />
      </AppShell.Main>
      <KeyboardHelp isOpen={isHelpOpen} onClose={help.close} />
      <SignInAgain />
    </AppShell>
  )
}

/** A link to a part of the page would change the path, since addresses are relative to `<base>`. */
function skipToMain(event: { preventDefault(): void }): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}
