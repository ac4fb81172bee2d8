package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// luaPutSwitch: KEYS head, switches; ARGV id, how often it was written before, value, how many may be on, ids to be forgotten…
// It replies 1, 0 when it was written more or less often than that, or -1 when it would be one too many that is on. Only a
// switch that is new is counted: one that is there is on already, or stays over.
const luaPutSwitch = `
local old, writes = redis.call('HGET', KEYS[2], ARGV[1]), '0'
if old then writes = string.match(old, '^(%d+):') end
if writes ~= ARGV[2] then return 0 end
if not old then
  local on = 0
  for _, v in ipairs(redis.call('HVALS', KEYS[2])) do
    if string.match(v, '^%d+:1:') then on = on + 1 end
  end
  if on >= tonumber(ARGV[4]) then return -1 end
end
for i = 5, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'switches', 1)
return 1
`

// PutSwitch writes a switch whose history has one entry more than when it was read: the one that says what is done now. When
// something else was done with it meanwhile, or another was made under its id, the error is KindConflict. A new one is
// refused with KindExhausted and SWITCH_LIMIT when as many as limit are on. What is named in forget is deleted with it.
func (s *Store) PutSwitch(ctx context.Context, sw veiviser.Switch, limit int, forget []string) error {
	body, err := json.Marshal(&sw)
	if err != nil {
		return internal(err, "the switch cannot be kept")
	}
	on := ":1:"
	if sw.Over {
		on = ":0:"
	}
	writes := len(sw.History)
	args := []any{sw.ID, strconv.Itoa(writes - 1), strconv.Itoa(writes) + on + string(body), limit}
	for _, id := range forget {
		args = append(args, id)
	}
	n, err := s.run(ctx, s.scripts.putSwitch, []string{s.keys.head(), s.keys.switches()}, args...)
	switch {
	case err != nil:
		return err
	case n < 0:
		return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonSwitchLimit, nil, "%d switches are on already: resume one first", limit)
	case n == replyConflict:
		return conflict("the switch")
	default:
		return nil
	}
}

// Switches reads all switches with their history, in no order.
func (s *Store) Switches(ctx context.Context) ([]veiviser.Switch, error) {
	var all map[string]string
	key := s.keys.switches()
	err := s.call(ctx, key, s.opts.BulkTimeout, func(ctx context.Context) error {
		var err error
		all, err = s.client.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]veiviser.Switch, 0, len(all))
	for _, value := range all {
		_, rest, _ := strings.Cut(value, ":")
		_, body, _ := strings.Cut(rest, ":")
		var sw veiviser.Switch
		if err := json.Unmarshal([]byte(body), &sw); err != nil {
			return nil, corrupt(err)
		}
		out = append(out, sw)
	}
	return out, nil
}
