import { Group, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface PageHeaderProps {
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
}

export function PageHeader({ title, children, actions }: PageHeaderProps) {
  useDocumentTitle(`${title} · Clicktrail`);
  return (
    <Group justify="space-between" align="start" gap="sm" mb="md">
      <div style={{ minWidth: 0 }}>
        <Title order={1}>{title}</Title>
        {children && (
          <Text c="dimmed" size="sm" maw={640}>
            {children}
          </Text>
        )}
      </div>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
