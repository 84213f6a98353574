/**
 * Puts, replaces or deletes one record with its indexes.
 *
 * KEYS[1] the record, KEYS[2] the sorted set of all ids, then the indexes it joins (those that must be its own first),
 * then those it leaves. ARGV: the text it must have now ('' for none), the new text ('' deletes it), when it ends (ms
 * since the epoch, 0 never), its id, how many of the joined indexes must be its own, how many it joins.
 * Returns 1 when done, 0 when the record is another by now, -1 when a unique value is taken.
 */
export const changeAccountScript = `
local now = redis.call('GET', KEYS[1]) or ''
if now ~= ARGV[1] then return 0 end
local id, unique, joins = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
for i = 1, unique do
  local key = KEYS[2 + i]
  for _, other in ipairs(redis.call('SMEMBERS', key)) do
    if other ~= id then return -1 end
  end
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], id)
else
  redis.call('SET', KEYS[1], ARGV[2])
  if ARGV[3] ~= '0' then
    redis.call('PEXPIREAT', KEYS[1], ARGV[3])
  else
    redis.call('ZADD', KEYS[2], 'NX', 0, id)
  end
end
for i = 1, #KEYS - 2 do
  local key = KEYS[2 + i]
  if i <= joins then
    redis.call('SADD', key, id)
    if ARGV[3] ~= '0' then
      local ends = redis.call('PEXPIRETIME', key)
      if ends < tonumber(ARGV[3]) and (ends ~= -1 or redis.call('SCARD', key) == 1) then
        redis.call('PEXPIREAT', key, ARGV[3])
      end
    else
      redis.call('PERSIST', key)
    end
  else
    redis.call('SREM', key, id)
  end
end
return 1`
