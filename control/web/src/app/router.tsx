import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { conversionsSearch } from '#/pages/conversions/search';
import { linksSearch } from '#/pages/links/search';
import { overviewSearch } from '#/pages/overview/search';
import { settingsSearch } from '#/pages/settings/search';
import { signInSearch } from '#/pages/sign-in/search';
import { isSignedOut } from './queryClient';
import { NotFoundPage, RouteError } from './RouteError';
import { Shell } from './Shell';
import { sessionQuery } from './session';

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({ notFoundComponent: NotFoundPage });

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('#/pages/sign-in/SignInPage'), 'SignInPage'),
});

/** Everything behind the sign-in. */
const appRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'app',
  component: Shell,
  errorComponent: RouteError,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      if (isSignedOut(error)) throw redirect({ to: '/sign-in', search: { return: location.href } });
      throw error;
    }
  },
});

const overviewRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/',
  validateSearch: overviewSearch,
  component: lazyRouteComponent(() => import('#/pages/overview/OverviewPage'), 'OverviewPage'),
});

const linksRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/links',
  validateSearch: linksSearch,
  component: lazyRouteComponent(() => import('#/pages/links/LinksPage'), 'LinksPage'),
});

const eventsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/events',
  component: lazyRouteComponent(() => import('#/pages/events/EventsPage'), 'EventsPage'),
});

const conversionsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/conversions',
  validateSearch: conversionsSearch,
  component: lazyRouteComponent(() => import('#/pages/conversions/ConversionsPage'), 'ConversionsPage'),
});

const conversionRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/conversions/$conversionId',
  validateSearch: conversionsSearch,
  search: { middlewares: [retainSearchParams(['model'])] },
  component: lazyRouteComponent(() => import('#/pages/conversions/ConversionPage'), 'ConversionPage'),
});

const settingsRoute = createRoute({
  getParentRoute: () => appRoute,
  path: '/settings',
  validateSearch: settingsSearch,
  component: lazyRouteComponent(() => import('#/pages/settings/SettingsPage'), 'SettingsPage'),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  appRoute.addChildren([overviewRoute, linksRoute, eventsRoute, conversionsRoute, conversionRoute, settingsRoute]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: RouteError,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
