import { Box } from '@mantine/core'
import { create } from 'qrcode'

/** Drawn as one path: an image from elsewhere, or a canvas, would be more than it needs. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { modules } = create(text, { errorCorrectionLevel: 'M' })
  const { size, data } = modules
  let path = ''
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) if (data[y * size + x]) path += `M${x + 4} ${y + 4}h1v1h-1z`
  const side = size + 8 // the quiet zone is four modules wide
  return (
    <Box bg="white" w={176} my="xs">
      <svg viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shapeRendering="crispEdges">
        <path d={path} fill="#000" />
      </svg>
    </Box>
  )
}
