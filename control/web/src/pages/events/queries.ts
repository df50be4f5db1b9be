import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#/api/client';
import { definitionsQuery } from '#/api/queries';
import type { EventDefinition, EventDefinitionEdit, NewEventDefinition, Page } from '#/api/types';
import { offerUndo, showDone, showError } from '#/ui/undo';

export const archivedDefinitionsQuery = queryOptions({
  queryKey: [...definitionsQuery.queryKey, 'archived'],
  queryFn: async ({ signal }) =>
    (await api.get<Page<EventDefinition>>('/event-definitions', { archived: true, limit: 200 }, signal)).items,
});

export function useSaveDefinition(definition: EventDefinition | null) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ name, ...rest }: NewEventDefinition) =>
      definition
        ? api.patch<EventDefinition>(`/event-definitions/${definition.id}`, rest satisfies EventDefinitionEdit)
        : api.post<EventDefinition>('/event-definitions', { name, ...rest } satisfies NewEventDefinition),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: definitionsQuery.queryKey }),
  });
}

export function useArchiveDefinition() {
  const queryClient = useQueryClient();
  const refresh = () => queryClient.invalidateQueries({ queryKey: definitionsQuery.queryKey });
  const restore = async (definition: EventDefinition) => {
    const change: EventDefinitionEdit = { archived: false };
    await api.patch(`/event-definitions/${definition.id}`, change);
    await refresh();
    showDone(`“${definition.title}” is counted again.`);
  };
  const archive = useMutation({
    mutationFn: (definition: EventDefinition) => api.delete(`/event-definitions/${definition.id}`),
    onSuccess: async (_, definition) => {
      offerUndo(`“${definition.title}” is archived.`, () => restore(definition));
      await refresh();
    },
    onError: showError,
  });
  return {
    archive: archive.mutate,
    restore: (definition: EventDefinition) => void restore(definition).catch(showError),
  };
}
