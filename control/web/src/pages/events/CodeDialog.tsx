import { Stack, Tabs, Text } from '@mantine/core';
import type { EventDefinition } from '#/api/types';
import { useWorkspace } from '#/app/session';
import { CodeBlock } from '#/ui/Copy';
import { Dialog } from '#/ui/Dialog';
import { TextLink } from '#/ui/TextLink';
import { eventCall, serverCall } from './snippets';

export function CodeDialog({ definition, onClose }: { definition: EventDefinition; onClose: () => void }) {
  const { currency } = useWorkspace();
  return (
    <Dialog onClose={onClose} title={`Report “${definition.title}”`} size="xl">
      <Tabs defaultValue="page">
        <Tabs.List mb="md">
          <Tabs.Tab value="page" data-autofocus>
            From a page
          </Tabs.Tab>
          <Tabs.Tab value="server">From a server</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="page">
          <Stack gap="sm">
            <Text size="sm">Call this in the page right after it happened, for example on the thank-you page:</Text>
            <CodeBlock code={eventCall(definition, currency)} label="Page call" />
            <PageHints definition={definition} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="server">
          <Stack gap="sm">
            <Text size="sm">
              Send this from your server, with a secret key from{' '}
              <TextLink to="/settings" search={{ tab: 'keys' }} size="sm">
                Settings → Keys
              </TextLink>
              :
            </Text>
            <CodeBlock code={serverCall(definition, currency, location.origin)} label="Server call" />
            <Text size="sm" c="dimmed">
              Instead of <code>click_id</code> you can name the person by <code>visitor_id</code>,{' '}
              <code>customer_id</code> or <code>email</code> (stored only as a hash).
            </Text>
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Dialog>
  );
}

function PageHints({ definition }: { definition: EventDefinition }) {
  return (
    <Text size="sm" c="dimmed">
      {definition.name === 'purchase' ? (
        <>
          The order id makes it one conversion, also when the page is reloaded or your server reports it too. Give{' '}
          <code>value</code> as text with a point.
        </>
      ) : (
        <>
          A <code>key</code> of your own makes it one conversion, however often the page is loaded. <code>value</code>{' '}
          and <code>currency</code> may be added where it has a value.
        </>
      )}
    </Text>
  );
}
