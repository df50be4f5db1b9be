import { SimpleGrid, Skeleton } from '@mantine/core';

export function FiguresSkeleton() {
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="xs">
      <Skeleton height={92} />
      <Skeleton height={92} />
      <Skeleton height={92} />
      <Skeleton height={92} />
    </SimpleGrid>
  );
}

export function ChartSkeleton() {
  return <Skeleton height={308} />;
}
