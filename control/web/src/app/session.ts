import { queryOptions, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, identify } from '#/api/client';
import type { Session, Workspace } from '#/api/types';

const CHOSEN_WORKSPACE = 'clicktrail.workspace';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async () => adopt(await api.get<Session>('/session')),
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

/** Makes later requests speak for this session and for the workspace chosen last, where it still exists. */
export function adopt(session: Session): Session {
  const chosen = localStorage.getItem(CHOSEN_WORKSPACE);
  const workspace = session.workspaces.find((candidate) => candidate.id === chosen) ?? session.workspace;
  identify(session.csrf_token, workspace.id);
  return { ...session, workspace };
}

export function chooseWorkspace(workspace: Workspace): void {
  localStorage.setItem(CHOSEN_WORKSPACE, workspace.id);
  location.assign('/');
}

export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

export function useWorkspace(): Workspace {
  return useSession().workspace;
}

export function useTimezone(): string {
  return useWorkspace().timezone;
}

export function useSignOut(): () => Promise<void> {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await api.delete('/session');
    queryClient.clear();
    await navigate({ to: '/sign-in' });
  };
}
