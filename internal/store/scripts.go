package store

import "github.com/redis/go-redis/v9"

// maxItemsAtOnce bounds what one script writes to or reads from the catalogue. The other bounds (8192 event ids, 32
// marks, 128 answers, about 100,000 entries in an outbox and in the history of the catalogue, 200,000 of what was settled) stand in the scripts that keep them.
const maxItemsAtOnce = 500

// Replies of the scripts that compare before they write.
const (
	replyConflict = 0
	replyDone     = 1
	replyAgain    = 2 // it was done before
)

// scripts are what must happen all at once. All keys of a call lie in one slot.
type scripts struct {
	commit, put, merge, erase    *redis.Script
	forget                       *redis.Script
	savePlan, activate           *redis.Script
	upsert, deleteItem           *redis.Script
	since, reach, now            *redis.Script
	lease, release, saveSnapshot *redis.Script
	putSwitch                    *redis.Script
}

func newScripts() scripts {
	return scripts{
		commit: redis.NewScript(luaCommit), put: redis.NewScript(luaPut), merge: redis.NewScript(luaMerge),
		erase: redis.NewScript(luaErase), forget: redis.NewScript(luaForget), savePlan: redis.NewScript(luaSavePlan), activate: redis.NewScript(luaActivate),
		upsert: redis.NewScript(luaUpsert), deleteItem: redis.NewScript(luaDeleteItem), since: redis.NewScript(luaSince),
		lease: redis.NewScript(luaLease), release: redis.NewScript(luaRelease),
		saveSnapshot: redis.NewScript(luaSaveSnapshot), reach: redis.NewScript(luaReach), now: redis.NewScript(luaNow),
		putSwitch: redis.NewScript(luaPutSwitch),
	}
}

// luaSeen appends event ids to KEYS[2] and forgets the oldest half when there are too many.
const luaSeen = `
local function remember(key, ids, ttl)
  if ids ~= '' then
    local n = redis.call('APPEND', key, ids)
    if n > 65536 then
      local keep = n - 32768
      redis.call('SET', key, redis.call('GETRANGE', key, keep - keep % 8, -1))
    end
  end
  redis.call('PEXPIRE', key, ttl)
end
`

// luaSame compares a record with what a change is based upon: its revision, or where there is none when the identity was erased.
const luaSame = `
local function same(record, revision, tombstone, erased)
  if redis.call('GETRANGE', record, 0, 7) ~= revision then return false end
  return revision ~= '' or (redis.call('GET', tombstone) or '') == erased
end
`

// luaKeep writes what binds beyond a record, or that nothing does.
const luaKeep = `
local function keep(key, lasting, ttl)
  if lasting == '' then redis.call('DEL', key) else redis.call('SET', key, lasting, 'PX', ttl) end
end
`

// luaCommit: KEYS record, seen, marks, answers, outbox, waiting, tombstone, kept, [answer]
// ARGV expected, record, ttl, fresh, ids, answer, answer id, answer ttl, answer prefix, channel, note, hash, erased, what binds
// beyond the record, its ttl, whether earlier answers are forgotten, how many of the entries are decisions, which of the others
// say whose they are (1 or 0 each, or nothing), the decisions…, the other entries…
// The lengths are asked for so that a key of another type fails the script before it has written anything.
const luaCommit = luaSeen + luaSame + luaKeep + luaAnswers + `
redis.call('STRLEN', KEYS[2])
local others, first = 19 + tonumber(ARGV[17]), ''
if #ARGV >= others then redis.call('XLEN', KEYS[5]) end
if others > 19 then redis.call('XLEN', KEYS[6]) end
if ARGV[6] ~= '' then
  redis.call('LLEN', KEYS[4])
  if redis.call('EXISTS', KEYS[9]) == 1 then return 1 end
end
if ARGV[2] ~= '' then
  if not same(KEYS[1], ARGV[1], KEYS[7], ARGV[13]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  keep(KEYS[8], ARGV[14], ARGV[15])
  if ARGV[4] == '1' then redis.call('DEL', KEYS[2]) end
  remember(KEYS[2], ARGV[5], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
elseif ARGV[1] == '' then
  if (redis.call('GET', KEYS[7]) or '') ~= ARGV[13] then return 0 end
elseif redis.call('GETRANGE', KEYS[1], 0, 3) ~= string.sub(ARGV[1], 1, 4) then
  return 0
end
if ARGV[16] == '1' then forgetAnswers(KEYS[4], KEYS[6], ARGV[9], ARGV[12]) end
if ARGV[6] ~= '' then
  redis.call('SET', KEYS[9], ARGV[6], 'PX', ARGV[8])
  local n = redis.call('RPUSH', KEYS[4], ARGV[7])
  if n == 1 then first = '1' end
  if n > 128 then redis.call('DEL', ARGV[9] .. redis.call('LPOP', KEYS[4])) end
  if redis.call('PTTL', KEYS[4]) < tonumber(ARGV[8]) then redis.call('PEXPIRE', KEYS[4], ARGV[8]) end
end
for i = 19, #ARGV do
  local at = i - others + 1
  if at > 0 and string.sub(ARGV[18], at, at) == '1' then
    redis.call('XADD', KEYS[5], 'MAXLEN', '~', 100000, '*', 'd', ARGV[i], 'p', ARGV[12])
  elseif at > 0 then
    redis.call('XADD', KEYS[5], 'MAXLEN', '~', 100000, '*', 'd', ARGV[i])
  elseif first == '' then
    redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100000, '*', 'd', ARGV[i], 'p', ARGV[12])
  else
    redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100000, '*', 'd', ARGV[i], 'p', ARGV[12], 'f', first)
  end
end
if ARGV[11] ~= '' then redis.call('PUBLISH', ARGV[10], ARGV[11]) end
return 1
`

// luaPut: KEYS record, seen, marks, outbox, tombstone, kept; ARGV expected, record or nothing to remove it, ttl, what becomes of
// the event ids (keep, drop, set), ids, entry or nothing, channel, note, erased, what becomes of what is kept (keep, drop)
const luaPut = luaSame + `
if not same(KEYS[1], ARGV[1], KEYS[5], ARGV[9]) then return 0 end
redis.call('XLEN', KEYS[4])
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1], KEYS[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
if ARGV[4] == 'drop' then redis.call('DEL', KEYS[2]) end
if ARGV[4] == 'set' and ARGV[5] ~= '' then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[3]) end
if ARGV[10] == 'drop' then redis.call('DEL', KEYS[6]) end
if ARGV[6] ~= '' then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100000, '*', 'd', ARGV[6]) end
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 1
`

// luaMerge: KEYS record, seen, marks, outbox, answers, tombstone, kept, waiting; ARGV expected, record, ttl, token, ids, entry or
// nothing, channel, note, for how long the answers of the other identity are remembered yet, erased, what binds beyond the record,
// its ttl, whether earlier answers are forgotten, answer prefix, hash. An empty id in the list of answers says that there are
// such, so that her next decision is not taken for the first.
const luaMerge = luaSeen + luaSame + luaKeep + luaAnswers + `
local marks = redis.call('GET', KEYS[3]) or ''
for i = 1, #marks, 8 do
  if string.sub(marks, i, i + 7) == ARGV[4] then return 2 end
end
if not same(KEYS[1], ARGV[1], KEYS[6], ARGV[10]) then return 0 end
redis.call('STRLEN', KEYS[2])
redis.call('XLEN', KEYS[4])
if tonumber(ARGV[9]) > 0 and redis.call('LLEN', KEYS[5]) == 0 then
  redis.call('RPUSH', KEYS[5], '')
  redis.call('PEXPIRE', KEYS[5], ARGV[9])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
keep(KEYS[7], ARGV[11], ARGV[12])
if ARGV[13] == '1' then forgetAnswers(KEYS[5], KEYS[8], ARGV[14], ARGV[15]) end
remember(KEYS[2], ARGV[5], ARGV[3])
redis.call('SET', KEYS[3], string.sub(marks .. ARGV[4], -256), 'PX', ARGV[3])
if ARGV[6] ~= '' then redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100000, '*', 'd', ARGV[6]) end
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 1
`

// luaAnswers removes the answers to one identity, and her decisions that wait; it gives how many keys there were, without
// removing the list of the answers itself. The stream of decisions that wait is written anew without hers: XDEL would only mark
// them as deleted and leave their bytes where they are. To forget answers is to leave an empty id in the list while any of them
// would have been remembered, so that her next decision is not taken for the first.
const luaAnswers = `
local function removeAnswers(answers, waits, prefix, hash)
  local gone = 0
  local ids = redis.pcall('LRANGE', answers, 0, -1)
  if type(ids) == 'table' and not ids.err then
    for _, id in ipairs(ids) do gone = gone + redis.call('DEL', prefix .. id) end
  end
  local waiting, hers = redis.pcall('XRANGE', waits, '-', '+'), false
  if type(waiting) == 'table' and not waiting.err then
    local function isHers(fields)
      for i = 1, #fields, 2 do
        if fields[i] == 'p' and fields[i + 1] == hash then return true end
      end
      return false
    end
    for _, entry in ipairs(waiting) do hers = hers or isHers(entry[2]) end
    if hers then
      redis.call('DEL', waits)
      for _, entry in ipairs(waiting) do
        if not isHers(entry[2]) then redis.call('XADD', waits, entry[1], unpack(entry[2])) end
      end
    end
  end
  return gone
end
local function forgetAnswers(answers, waits, prefix, hash)
  local left = redis.call('PTTL', answers)
  local gone = removeAnswers(answers, waits, prefix, hash)
  redis.call('DEL', answers)
  if left > 0 then
    redis.call('RPUSH', answers, '')
    redis.call('PEXPIRE', answers, left)
  end
  return gone
end
`

// luaErase: KEYS record, seen, marks, answers, outbox, waiting, tombstone, kept; ARGV how many bytes of the revision are compared
// (0, 4 or 8), expected, answer prefix, entry or nothing, channel, note, hash, when, for how long that is remembered, whether the entry says whose it is. It replies
// {how many keys there were, the record when 4 bytes were compared}, or {-1, nothing} when the record was changed. Also who
// watches somebody of whom nothing was remembered gets the note.
const luaErase = luaAnswers + `
local n, was = tonumber(ARGV[1]), ''
if n > 0 and string.sub(redis.call('GETRANGE', KEYS[1], 0, 7), 1, n) ~= string.sub(ARGV[2], 1, n) then return {-1, ''} end
if n == 4 then was = redis.call('GET', KEYS[1]) or '' end
local gone = removeAnswers(KEYS[4], KEYS[6], ARGV[3], ARGV[7])
gone = gone + redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[8])
redis.call('SET', KEYS[7], ARGV[8], 'PX', ARGV[9])
if ARGV[4] ~= '' then
  if ARGV[10] == '1' then
    redis.pcall('XADD', KEYS[5], 'MAXLEN', '~', 100000, '*', 'd', ARGV[4], 'p', ARGV[7])
  else
    redis.pcall('XADD', KEYS[5], 'MAXLEN', '~', 100000, '*', 'd', ARGV[4])
  end
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return {gone, was}
`

// luaForget: KEYS answers, waiting; ARGV answer prefix, hash. It replies how many answers there were.
const luaForget = luaAnswers + `return forgetAnswers(KEYS[1], KEYS[2], ARGV[1], ARGV[2])`

// luaSavePlan: KEYS head; ARGV prefix of versions, expected active version ('0' for any), meta, body.
// It replies {1, version} or {0, active}.
const luaSavePlan = `
local active = redis.call('HGET', KEYS[1], 'active') or '0'
if ARGV[2] ~= '0' and active ~= ARGV[2] then return {0, tonumber(active)} end
local n = redis.call('HINCRBY', KEYS[1], 'last', 1)
local s = string.format('%.0f', n)
redis.call('HSET', ARGV[1] .. s, 'meta', ARGV[3], 'body', ARGV[4])
redis.call('HSET', KEYS[1], 'active', s, 'previous', active)
redis.call('HINCRBY', KEYS[1], 'activation', 1)
return {1, n}
`

// luaActivate: KEYS head, version; ARGV version, expected active version or 0. It replies 1, 0 when there is no such
// version, -1 when another one is active than expected.
const luaActivate = `
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local active = redis.call('HGET', KEYS[1], 'active') or '0'
if ARGV[2] ~= '0' and active ~= ARGV[2] then return -1 end
if active ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'active', ARGV[1], 'previous', active)
  redis.call('HINCRBY', KEYS[1], 'activation', 1)
end
return 1
`

// luaItem reads and writes one item of the catalogue: "revision:activation:json". What a write replaces goes to the history,
// under the revision that replaced it. The head says from which revision on the history is whole (hfrom), up to which one
// (hto), and how many entries it ever got (hn), so that what is cut off is not mistaken for what never was. When somebody
// wrote who knows nothing of the history, it begins anew.
const luaItem = `
local function stored(id)
  local s = redis.call('HGET', KEYS[2], id)
  if not s then return nil end
  local rev, json = string.match(s, '^(%d+):%d+:(.*)$')
  return rev, json and json ~= '', s
end
redis.call('XLEN', KEYS[4])
local head = redis.call('HMGET', KEYS[1], 'activation', 'catalog', 'hto')
local activation, catalog, kept = head[1] or '0', head[2] or '0', 0
if head[3] ~= catalog then
  redis.call('DEL', KEYS[4])
  redis.call('HSET', KEYS[1], 'hfrom', catalog, 'hto', catalog, 'hn', 0)
end
local function write(id, json, old)
  local n = redis.call('HINCRBY', KEYS[1], 'catalog', 1)
  catalog = string.format('%.0f', n)
  if old then
    redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100000, catalog .. '-0', 'id', id, 'v', old)
    kept = kept + 1
  end
  redis.call('HSET', KEYS[2], id, catalog .. ':' .. activation .. ':' .. json)
  redis.call('ZADD', KEYS[3], catalog, id)
  return n
end
local function done()
  redis.call('HSET', KEYS[1], 'hto', catalog)
  if kept > 0 then redis.call('HINCRBY', KEYS[1], 'hn', kept) end
end
`

// luaUpsert: KEYS head, items, changes, history; ARGV id, check (any, none or an etag), json, …
// It replies {revision, created} for each; the revision is 0 where the check failed.
const luaUpsert = luaItem + `
local out = {}
for i = 1, #ARGV, 3 do
  local etag, live, old = stored(ARGV[i])
  local check = ARGV[i + 1]
  if check == 'any' or (check == 'none' and not live) or (live and check == '=' .. etag) then
    out[#out + 1] = {write(ARGV[i], ARGV[i + 2], old), live and 0 or 1}
  else
    out[#out + 1] = {0, 0}
  end
end
done()
return out
`

// luaDeleteItem: KEYS head, items, changes, history; ARGV id, check. It replies the revision, or 0 where the check failed.
const luaDeleteItem = luaItem + `
local etag, live, old = stored(ARGV[1])
local check, n = ARGV[2], 0
if check == 'any' or (check == 'none' and not live) or (live and check == '=' .. etag) then
  n = write(ARGV[1], '', old)
end
done()
return n
`

// luaSince: KEYS head, items, changes; ARGV revision, limit, last revision or +inf. It replies {catalog, id, value, id,
// value, …}.
const luaSince = `
local out = {redis.call('HGET', KEYS[1], 'catalog') or '0'}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], ARGV[3], 'LIMIT', 0, ARGV[2])) do
  out[#out + 1] = id
  out[#out + 1] = redis.call('HGET', KEYS[2], id) or ''
end
return out
`

// luaReach: KEYS head, history. It replies {catalog, the revision from which on the history is whole, its length, how many
// entries it ever got, the id of its first entry or nothing}.
const luaReach = `
local head = redis.call('HMGET', KEYS[1], 'catalog', 'hfrom', 'hto', 'hn')
local catalog = head[1] or '0'
local from = catalog
if head[2] and head[3] == catalog then from = head[2] end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
return {catalog, from, tostring(redis.call('XLEN', KEYS[2])), head[4] or '0', first[1] and first[1][1] or ''}
`

// luaLease: KEYS lease, fence; ARGV owner, ttl. It replies {fence, held}.
const luaLease = `
local owner = redis.call('GET', KEYS[1])
if not owner then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {redis.call('INCR', KEYS[2]), 1}
end
local fence = tonumber(redis.call('GET', KEYS[2]) or '0')
if owner ~= ARGV[1] then return {fence, 0} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {fence, 1}
`

// luaRelease: KEYS lease; ARGV owner
const luaRelease = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`

// luaSaveSnapshot: KEYS snapshot, fence, made, closed; ARGV fence, data, how many answers there are, their ids…, closed
// decisions… It replies the revision, or 0 when the fence is old.
const luaSaveSnapshot = `
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return 0 end
redis.call('HLEN', KEYS[1])
redis.call('XLEN', KEYS[3])
redis.call('XLEN', KEYS[4])
local closed = 4 + tonumber(ARGV[3])
for i = 4, closed - 1 do redis.call('XADD', KEYS[3], 'MAXLEN', '~', 200000, '*', 'a', ARGV[i]) end
for i = closed, #ARGV do redis.call('XADD', KEYS[4], 'MAXLEN', '~', 200000, '*', 'd', ARGV[i]) end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'data', ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'revision', 1)
`

// luaNow: KEYS one of the tenant's. It replies {seconds, microseconds}.
const luaNow = `return redis.call('TIME')`
