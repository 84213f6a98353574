/**
 * One atomic change: every expectation is checked before the first write, so either all of it happens or nothing.
 *
 * KEYS: the keys touched. ARGV: the number of expectations, then four values for each step, expectations first:
 * its name, the position of its key in KEYS, and two values ('' where unused). See registry/commit.ts for the names.
 * @returns -1 when done, or the position (from 0) of the first expectation that does not hold
 */
export const commitScript = /* lua */ `
local expectations = tonumber(ARGV[1])
for i = 0, expectations - 1 do
  local at = 2 + i * 4
  local check, key, a, b = ARGV[at], KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2], ARGV[at + 3]
  local holds = false
  if check == 'absent' then holds = redis.call('EXISTS', key) == 0
  elseif check == 'exists' then holds = redis.call('EXISTS', key) == 1
  elseif check == 'etag' then holds = redis.call('HGET', key, 'etag') == a
  elseif check == 'free' then
    local owner = redis.call('HGET', key, a)
    holds = not owner or owner == b
  elseif check == 'equals' then holds = (redis.call('GET', key) or '') == a
  elseif check == 'count' then holds = redis.call('ZCARD', key) == tonumber(a)
  end
  if not holds then return i end
end
for at = 2 + expectations * 4, #ARGV, 4 do
  local write, key, a, b = ARGV[at], KEYS[tonumber(ARGV[at + 1])], ARGV[at + 2], ARGV[at + 3]
  if write == 'put' then redis.call('HSET', key, 'etag', a, 'json', b)
  elseif write == 'delete' then redis.call('DEL', key)
  elseif write == 'add' then redis.call('ZADD', key, 0, a)
  elseif write == 'remove' then redis.call('ZREM', key, a)
  elseif write == 'field' then redis.call('HSET', key, a, b)
  elseif write == 'unfield' then redis.call('HDEL', key, a)
  elseif write == 'set' then redis.call('SET', key, a)
  elseif write == 'keep' then redis.call('SET', key, a, 'PX', b)
  elseif write == 'append' then redis.call('XADD', key, '*', 'json', a)
  elseif write == 'announce' then redis.call('XADD', key, 'MAXLEN', '~', b, '*', 'json', a)
  end
end
return -1`
