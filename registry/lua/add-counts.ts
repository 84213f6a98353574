/**
 * Adds counts to those that are kept: gateways count the same series, each its own calls.
 *
 * KEYS[1] a hash: id of a series -> its counts, between commas. ARGV: seconds that it is kept, most series of it, id of
 * the series that takes what finds no room; then an id and its counts in turn.
 */
export const addCountsScript = /* lua */ `
local key, most, others = KEYS[1], tonumber(ARGV[2]), ARGV[3]
local split = function(text)
  local cells = {}
  for cell in string.gmatch(text .. ',', '([^,]*),') do cells[#cells + 1] = tonumber(cell) or 0 end
  return cells
end
local size = redis.call('HLEN', key)
for i = 4, #ARGV, 2 do
  local id, counts = ARGV[i], ARGV[i + 1]
  local kept = redis.call('HGET', key, id)
  if not kept and size >= most then
    id = others
    kept = redis.call('HGET', key, id)
  end
  if kept then
    local a, b, sum = split(kept), split(counts), {}
    for j = 1, math.max(#a, #b) do
      local n = (a[j] or 0) + (b[j] or 0)
      sum[j] = n == 0 and '' or string.format('%.0f', n)
    end
    counts = table.concat(sum, ',')
  else
    size = size + 1
  end
  redis.call('HSET', key, id, counts)
end
redis.call('EXPIRE', key, ARGV[1])
return size`
