import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { Icon, type IconName } from '#/ui/Icon';
import { AccountMenu } from './AccountMenu';
import classes from './Shell.module.css';

const PAGES: { to: '/' | '/links' | '/events' | '/conversions' | '/settings'; label: string; icon: IconName }[] = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/links', label: 'Links', icon: 'links' },
  { to: '/events', label: 'Events', icon: 'events' },
  { to: '/conversions', label: 'Conversions', icon: 'funnel' },
  { to: '/settings', label: 'Settings', icon: 'settings' },
];

export function Shell() {
  const main = useFocusOnNavigation();
  return (
    <>
      <a href="#main" className={classes.skip}>
        Skip to content
      </a>
      <div className={classes.frame}>
        <aside className={classes.side} aria-label="Clicktrail">
          <Link to="/" className={classes.brand ?? ''} aria-label="Clicktrail, overview">
            <img src="/favicon.svg" alt="" width={26} height={26} />
            Clicktrail
          </Link>
          <nav className={classes.nav} aria-label="Main">
            {PAGES.map((page) => (
              <Link
                key={page.to}
                to={page.to}
                className={classes.item ?? ''}
                activeOptions={{ exact: page.to === '/', includeSearch: false }}
              >
                <Icon name={page.icon} />
                {page.label}
              </Link>
            ))}
          </nav>
          <div className={classes.account}>
            <AccountMenu />
          </div>
        </aside>
        <main id="main" ref={main} tabIndex={-1} className={classes.main}>
          <div className={classes.content}>
            <Outlet />
          </div>
          <div id="overlays" />
        </main>
      </div>
    </>
  );
}

/** A new page starts at its content, for keyboards and screen readers too; the first page keeps the browser's order. */
function useFocusOnNavigation() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}
