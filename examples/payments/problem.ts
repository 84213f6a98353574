import type { Response } from 'express'

/** An error as RFC 9457 writes it. */
export function sendProblem(res: Response, status: number, title: string, detail?: string): void {
  res
    .status(status)
    .type('application/problem+json')
    .json({ type: 'about:blank', title, status, ...(detail === undefined ? {} : { detail }) })
}
