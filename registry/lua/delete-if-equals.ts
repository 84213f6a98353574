/**
 * Deletes a string key when it still holds the value of whoever deletes it. A Lua script: one step for all who look on.
 *
 * KEYS[1] the key, ARGV[1] the value. Returns how many keys were deleted: 0 or 1.
 */
export const deleteIfEqualsScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`
