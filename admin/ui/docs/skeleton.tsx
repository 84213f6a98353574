import { Group, Skeleton, Stack } from '@mantine/core'

export function DocsSkeleton() {
  return (
    <Group align="flex-start" gap="xl" wrap="nowrap" maw={1280} mx="auto" aria-busy>
      <Stack w={264} visibleFrom="md" gap="xs">
        {[0, 1, 2, 3, 4, 5, 6, 7].map((line) => (
          <Skeleton key={line} height={26} />
        ))}
      </Stack>
      <OperationSkeleton />
    </Group>
  )
}

export function OperationSkeleton() {
  return (
    <Stack flex={1} gap="sm" aria-busy>
      <Skeleton height={28} width="60%" />
      <Skeleton height={32} />
      <Skeleton height={14} width="90%" />
      <Skeleton height={14} width="70%" />
      <Skeleton height={180} />
    </Stack>
  )
}
