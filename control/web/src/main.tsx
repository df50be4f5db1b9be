import '#/app/styles';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueryClient } from '#/app/queryClient';
import { createAppRouter } from '#/app/router';
import { cssVariables, theme } from '#/app/theme';

const queryClient = createQueryClient(() => {
  queryClient.clear();
  void router.navigate({ to: '/sign-in', search: { return: router.state.location.href } });
});
const router = createAppRouter(queryClient);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
      <aside aria-label="Notifications">
        <Notifications className="notices" position="bottom-center" withinPortal={false} />
      </aside>
    </MantineProvider>
  </StrictMode>,
);
