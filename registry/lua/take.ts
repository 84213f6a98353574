/**
 * Takes from one limit, all or nothing, on the clock of Redis. A refused call changes nothing.
 *
 * KEYS[1] the state. ARGV: limit, window in ms, cost, burst ('' for the strict sliding window).
 * @returns isAllowed (1 or 0), remaining, retryAfterMs, resetMs, and the time it was decided at, in ms
 *
 * Sliding window: a hash of sub-buckets. A field is the time at which its bucket ended (so that a window of another
 * length reads it rightly), its value what was taken in it. A bucket counts whole until its end has left the window:
 * never more than \`limit\` in any window, at the price of a call coming free up to a twentieth of the window late.
 *
 * GCRA: one string, the theoretical arrival time in microseconds, rounded up, so that rounding never gives a call away.
 */
export const takeScript = /* lua */ `
local limit, windowMs, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local nowUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = math.floor(nowUs / 1000)

if ARGV[4] ~= '' then
  local stepUs = windowMs * 1000 / limit
  local roomUs = stepUs * tonumber(ARGV[4])
  local arrival = math.max(nowUs, tonumber(redis.call('GET', KEYS[1]) or 0))
  local nextArrival = math.ceil(arrival + stepUs * cost)
  if nextArrival - nowUs > roomUs + 1 then
    local remaining = math.max(0, math.floor((roomUs + 1 - (arrival - nowUs)) / stepUs))
    return { 0, remaining, math.ceil((nextArrival - roomUs - nowUs) / 1000), math.ceil((arrival - nowUs) / 1000), nowMs }
  end
  local resetMs = math.ceil((nextArrival - nowUs) / 1000)
  if cost > 0 then redis.call('SET', KEYS[1], string.format('%.0f', nextArrival), 'PX', math.max(1, resetMs)) end
  return { 1, math.floor((roomUs + 1 - (nextArrival - nowUs)) / stepUs), 0, resetMs, nowMs }
end

local width = math.max(1, math.ceil(windowMs / 20))
local bucketEnd = (math.floor(nowMs / width) + 1) * width
local ends, counts, used, newest = {}, {}, 0, 0
local state = redis.call('HGETALL', KEYS[1])
for i = 1, #state, 2 do
  local stop, count = tonumber(state[i]), tonumber(state[i + 1])
  -- A bucket more than a window ahead was written before the clock was set back: it would block for as long.
  if stop <= nowMs - windowMs or stop > nowMs + windowMs + width then
    redis.call('HDEL', KEYS[1], state[i])
  else
    ends[#ends + 1] = stop
    counts[stop] = count
    used = used + count
    newest = math.max(newest, stop)
  end
end
if used + cost > limit then
  table.sort(ends)
  local left, retryAfterMs = used, windowMs
  for _, stop in ipairs(ends) do
    left = left - counts[stop]
    if left + cost <= limit then
      retryAfterMs = stop + windowMs - nowMs
      break
    end
  end
  local resetMs = 0
  if newest > 0 then resetMs = newest + windowMs - nowMs end
  return { 0, math.max(0, limit - used), retryAfterMs, resetMs, nowMs }
end
if cost > 0 then
  redis.call('HINCRBY', KEYS[1], string.format('%.0f', bucketEnd), cost)
  newest = math.max(newest, bucketEnd)
  redis.call('PEXPIRE', KEYS[1], newest + windowMs - nowMs)
end
local resetMs = 0
if newest > 0 then resetMs = newest + windowMs - nowMs end
return { 1, limit - used - cost, 0, resetMs, nowMs }`
