import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, type Served, startServer } from './process.ts'

/** What we are measured against, each as its own makers would set it up for a plain proxy with one worker. */

/** nginx answering by itself: the payment service of the bench. Small and large answers, GET and POST. */
export async function startUpstream(): Promise<Served> {
  return startNginx(
    (port) => `
    server {
      listen 127.0.0.1:${port} backlog=1024;
      default_type application/json;
      location = /large { set $text '${'x'.repeat(2_556)}'; return 200 '{"text":"$text$text$text$text"}'; }
      location / { return 200 '{"text":"${'x'.repeat(88)}"}'; }
    }`,
  )
}

export async function startNginxProxy(upstream: string): Promise<Served> {
  return startNginx(
    (port) => `
    upstream service { server ${new URL(upstream).host}; keepalive 128; }
    server {
      listen 127.0.0.1:${port} backlog=1024;
      location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ''; }
    }`,
  )
}

async function startNginx(server: (port: number) => string): Promise<Served> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (n) => `${n}_temp_path ${folder}/${n};`,
  )
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; ${temporary.join(' ')}
  ${server(port)}
}`,
  )
  return startServer('nginx', ['-p', folder, '-c', file], port)
}

export async function startHaproxy(upstream: string): Promise<Served> {
  const port = await freePort()
  const file = join(mkdtempSync(join(tmpdir(), 'bench-haproxy-')), 'haproxy.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend service
backend service
  server one ${new URL(upstream).host}
`,
  )
  return startServer('haproxy', ['-f', file], port)
}

/** What an engineer writes first: express 5 and http-proxy-middleware 4, with connections kept open. */
export async function startExpressProxy(upstream: string): Promise<Served> {
  const port = await freePort()
  const file = new URL('./express-proxy.ts', import.meta.url).pathname
  return startServer(process.execPath, [file], port, { PORT: String(port), UPSTREAM: upstream })
}
