/** The package describes its server side only. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  export default function SwaggerUi(options: Record<string, unknown>): unknown
}
