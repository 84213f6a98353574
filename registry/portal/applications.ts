import type { Application, ApplicationInput } from '../model.ts'
import { createApplication, deleteApplication, updateApplication } from '../partners.ts'
import type { Actor, Registry, Stored } from '../store.ts'
import { freeName } from './names.ts'
import { ownApplication } from './own.ts'

type Given = Pick<ApplicationInput, 'title' | 'description'>

/** Registers a program of a partner; its short name follows from its title. @throws Problem input-invalid, store-unavailable */
export async function registerOwn(
  r: Registry,
  actor: Actor,
  partnerId: string,
  given: Given,
): Promise<Stored<Application>> {
  const name = await freeName(r, partnerId, given.title)
  return createApplication(r, actor, partnerId, { ...given, name })
}

/**
 * Changes title and description. A suspension is the platform's, and stays.
 *
 * @throws Problem not-found, precondition-failed, input-invalid, store-unavailable
 */
export async function describeOwn(
  r: Registry,
  actor: Actor,
  partnerId: string,
  id: string,
  given: Given,
  ifMatch?: string,
): Promise<Stored<Application>> {
  const { value } = await ownApplication(r, partnerId, id)
  return updateApplication(
    r,
    actor,
    id,
    { name: value.name, isSuspended: value.isSuspended, ...given },
    ifMatch,
  )
}

/** With its credentials and subscriptions. @throws Problem not-found, precondition-failed, store-unavailable */
export async function deleteOwn(
  r: Registry,
  actor: Actor,
  partnerId: string,
  id: string,
  ifMatch?: string,
): Promise<void> {
  await ownApplication(r, partnerId, id)
  await deleteApplication(r, actor, id, ifMatch)
}
