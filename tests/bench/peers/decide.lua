-- decide: one registration decision inside Redis. ARGV: id, event, party, name, email, capacity of the person.
-- SPDX-License-Identifier: Apache-2.0
-- Same rule and same rows as bare_path.c: unique id, counters of event and party, registration, decision for subscribers.
local row = 'request:' .. ARGV[1]
local before = redis.call('HGET', row, 'decision')
if before then return before end
local event, party = 'event:' .. ARGV[2], 'share:' .. ARGV[2] .. ':' .. ARGV[3]
local seats = redis.call('HMGET', event, 'capacity', 'maximum', 'used', 'waiting')
local share = tonumber(redis.call('GET', party) or '0')
local state, place
if tonumber(seats[3]) < tonumber(seats[1]) and share < tonumber(seats[2]) then
  state, place = 'confirmed', redis.call('HINCRBY', event, 'used', 1)
  redis.call('INCR', party)
else
  state, place = 'waiting', redis.call('HINCRBY', event, 'waiting', 1)
end
local decision = '{"specversion":"1.0","id":"' .. ARGV[1] .. '","source":"/bench/redis","type":"bench.decided.v1","time":"2025-01-01T00:00:00.000Z",' ..
  '"data":{"event":"' .. ARGV[2] .. '","party":"' .. ARGV[3] .. '","name":"' .. ARGV[4] .. '","email":"' .. ARGV[5] ..
  '","state":"' .. state .. '","place":' .. place .. '}}'
redis.call('HSET', row, 'event', ARGV[2], 'party', ARGV[3], 'name', ARGV[4], 'email', ARGV[5], 'capacity', ARGV[6], 'state', state, 'decision', decision)
redis.call('XADD', 'decisions', '*', 'm', decision)
return decision
