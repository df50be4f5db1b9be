import { useQuery } from '@tanstack/react-query';
import { definitionsQuery } from '#/api/queries';
import type { Model } from '#/api/types';
import { DEFAULT_MODEL } from '#/lib/words';

/** The model to show: the one chosen, else the usual one of the event, else the last touch. */
export function useModel(chosen: Model | undefined, event: string | undefined): Model {
  const definitions = useQuery(definitionsQuery);
  const usual = definitions.data?.find((definition) => definition.name === event)?.default_model;
  return chosen ?? usual ?? DEFAULT_MODEL;
}
