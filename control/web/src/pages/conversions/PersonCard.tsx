import { Text, Title } from '@mantine/core';
import type { Explanation, NamedIdentifier } from '#/api/types';
import { identifierKind, joinSource } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import classes from './Cards.module.css';

/** Who converted: the identifiers that belong to one person, and what said so. */
export function PersonCard({ conversion: { person } }: { conversion: Explanation }) {
  return (
    <section className={`surface ${classes.card}`} aria-label="Person">
      <Title order={2}>Person</Title>
      {!person || person.identifiers.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing identifies who converted.
        </Text>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            These identifiers belong together:
          </Text>
          <dl className={classes.pairs}>
            {person.identifiers.map((identifier) => (
              <div key={`${identifier.kind} ${identifier.value}`}>
                <dt>{identifierKind(identifier.kind)}</dt>
                <dd className="mono truncate" title={identifier.value}>
                  {identifier.value}
                </dd>
              </div>
            ))}
          </dl>
          {person.joins.length > 0 && (
            <>
              <Title order={3} size="sm" mt="xs">
                How they were joined
              </Title>
              <ul className={classes.list}>
                {person.joins.map((join) => (
                  <li key={`${nameOf(join.a)} ${nameOf(join.b)} ${join.occurred_at} ${join.source}`}>
                    <span title={join.a.value}>{nameOf(join.a)}</span> and{' '}
                    <span title={join.b.value}>{nameOf(join.b)}</span>
                    <Text span size="xs" c="dimmed" display="block">
                      by {joinSource(join.source)}, <Moment at={join.occurred_at} />
                    </Text>
                  </li>
                ))}
              </ul>
            </>
          )}
        </>
      )}
    </section>
  );
}

const SHOWN_CHARACTERS = 10;

/** An identifier short enough for a sentence: `Visitor 0192f3a1bc…`. */
function nameOf({ kind, value }: NamedIdentifier): string {
  return `${identifierKind(kind)} ${value.length > SHOWN_CHARACTERS + 2 ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value}`;
}
