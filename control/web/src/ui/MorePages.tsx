import { Button, Group, Text } from '@mantine/core';
import { plural } from '#/lib/numbers';

interface MorePagesProps {
  shown: number;
  noun: [one: string, other: string];
  hasMore: boolean;
  isBusy: boolean;
  onMore: () => void;
}

/** How many rows are shown, and the way to the next ones. */
export function MorePages({ shown, noun, hasMore, isBusy, onMore }: MorePagesProps) {
  return (
    <Group justify="space-between" p="sm">
      <Text size="xs" c="dimmed" role="status">
        {plural(shown, ...noun)}
        {hasMore ? ' shown' : ''}
      </Text>
      {hasMore && (
        <Button size="xs" variant="default" loading={isBusy} onClick={onMore}>
          Show more
        </Button>
      )}
    </Group>
  );
}
