import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { definitionsQuery } from '#/api/queries';
import type { EventDefinition } from '#/api/types';
import { Icon } from '#/ui/Icon';
import { PageHeader } from '#/ui/PageHeader';
import { EmptyState, Loaded } from '#/ui/PageState';
import { CodeDialog } from './CodeDialog';
import { DefinitionDialog } from './DefinitionDialog';
import { DefinitionsTable } from './DefinitionsTable';
import { archivedDefinitionsQuery } from './queries';
import { SnippetCard } from './SnippetCard';

type Dialog = { kind: 'new' } | { kind: 'edit' | 'code'; definition: EventDefinition } | null;

export function EventsPage() {
  const [isArchive, setArchive] = useState(false);
  const [dialog, setDialog] = useState<Dialog>(null);
  const definitions = useQuery(isArchive ? archivedDefinitionsQuery : definitionsQuery);
  const close = () => setDialog(null);
  return (
    <>
      <PageHeader
        title="Events"
        actions={
          <>
            <Button variant="default" aria-pressed={isArchive} onClick={() => setArchive(!isArchive)}>
              {isArchive ? 'Show active' : 'Show archived'}
            </Button>
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setDialog({ kind: 'new' })}>
              New event
            </Button>
          </>
        }
      >
        What counts as a conversion, how often it counts, and how long after a click.
      </PageHeader>
      <Stack gap="md">
        <SnippetCard />
        <div className="surface">
          <Loaded query={definitions}>
            {(items) =>
              items.length === 0 ? (
                <NoDefinitions isArchive={isArchive} />
              ) : (
                <DefinitionsTable
                  definitions={items}
                  onEdit={(definition) => setDialog({ kind: 'edit', definition })}
                  onCode={(definition) => setDialog({ kind: 'code', definition })}
                />
              )
            }
          </Loaded>
        </div>
      </Stack>
      {(dialog?.kind === 'new' || dialog?.kind === 'edit') && (
        <DefinitionDialog definition={dialog.kind === 'edit' ? dialog.definition : null} onClose={close} />
      )}
      {dialog?.kind === 'code' && <CodeDialog definition={dialog.definition} onClose={close} />}
    </>
  );
}

function NoDefinitions({ isArchive }: { isArchive: boolean }) {
  return isArchive ? (
    <EmptyState title="No archived events">
      Events that you archive no longer count; their past conversions stay.
    </EmptyState>
  ) : (
    <EmptyState title="No events">
      Make one for what your links should lead to: a purchase, a sign-up, a download.
    </EmptyState>
  );
}
