import { Text, Title } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '#/api/client';
import { domainsQuery } from '#/api/queries';
import type { Conversion, Page, Link as ShortLink } from '#/api/types';
import { Icon } from '#/ui/Icon';
import { TextLink } from '#/ui/TextLink';
import classes from './FirstSteps.module.css';

/** Enough to see whether one of somebody's first links was clicked. */
const FIRST_LINKS = 20;

const firstLinksQuery = queryOptions({
  queryKey: ['links', 'first'],
  queryFn: async ({ signal }) => (await api.get<Page<ShortLink>>('/links', { limit: FIRST_LINKS }, signal)).items,
});
const hasConversionQuery = queryOptions({
  queryKey: ['conversions', 'any'],
  queryFn: async ({ signal }) =>
    (await api.get<Page<Conversion>>('/conversions', { limit: 1 }, signal)).items.length > 0,
});

/** What is left to do before the first conversion can be seen; nothing once there is one. */
export function FirstSteps() {
  const domains = useQuery(domainsQuery);
  const links = useQuery(firstLinksQuery);
  const conversions = useQuery(hasConversionQuery);
  if (conversions.data !== false || !domains.data || !links.data) return null;
  const steps = [
    { isDone: domains.data.length > 0, to: '/settings', label: 'Add the domain of your short links' },
    { isDone: links.data.length > 0, to: '/links', label: 'Make your first link' },
    { isDone: links.data.some((link) => link.clicks > 0), to: '/links', label: 'Open it: your click shows up here' },
    { isDone: false, to: '/events', label: 'Put the snippet on your website, and report your first conversion' },
  ] as const;
  return (
    <section className={`surface ${classes.steps}`} aria-label="First steps">
      <Title order={2}>First steps</Title>
      <Text size="sm" c="dimmed">
        Four steps to your first attributed conversion.
      </Text>
      <ol className={classes.list}>
        {steps.map((step) => (
          <li key={step.label} className={classes.step}>
            <span className={step.isDone ? classes.done : classes.open}>
              {step.isDone && <Icon name="check" size={13} />}
            </span>
            {step.isDone ? (
              <Text size="sm" c="dimmed" td="line-through">
                {step.label}
              </Text>
            ) : (
              <TextLink to={step.to} size="sm">
                {step.label}
              </TextLink>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
