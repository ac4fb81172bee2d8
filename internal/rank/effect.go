package rank

import (
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// fastRules is how many distinct (kind, topic) conditions of dynamic effects get a bit of their own in Response.match;
// the bit slow is left for everything else.
const (
	fastRules = 63
	slow      = uint64(1) << fastRules
)

// condition is what an effect asks of an item. Rules with the same condition share one.
type condition struct {
	item  string
	kind  veiviser.ItemKind
	topic string // as planned; "" asks for none
}

// effect is one row of the plan's effects, without what it asks of the item.
type effect struct {
	segment, channel, format string
	stage                    int // index of the standard stage, -1 for any
	add, variance            float64
	// part is the name under which explanations show it; row is its position in the plan.
	part string
	row  int
	// key names its weight.
	key uint64
}

// rule is all effects that ask the same of an item.
type rule struct {
	condition
	effects []effect
}

// ref points at one effect of a ruleset.
type ref struct{ rule, effect int32 }

// ruleset finds the rules an item meets without looking at all of them.
type ruleset struct {
	rules []rule
	known map[condition]int32
	// Each rule is in exactly one of these: under its item, else under its topic (without "/*"), else in plain.
	byItem, byTopic map[string][]int32
	plain           []int32
	// fast are the rules that have a bit, by bit; bit is the reverse, -1 for none.
	fast []int32
	bit  []int
}

// addEffects sorts the plan's effects into the static and the dynamic ones.
func (m *Model) addEffects(rows []veiviser.ResponseEffect) {
	for i, row := range rows {
		e := effect{
			segment: row.Segment, channel: row.Channel, format: row.Format, stage: -1,
			add: finite(row.Add), variance: finite(row.SD * row.SD), part: partName(row), row: i,
		}
		if row.Stage != "" {
			if e.stage = row.Stage.Index(); e.stage < 0 {
				continue
			}
		}
		c := condition{item: row.ItemID, kind: row.Kind, topic: row.Topic}
		e.key = effectKey(&c, &e)
		if row.Segment == "" && row.Channel == "" && row.Format == "" {
			m.static.add(c, e)
			continue
		}
		at := m.dynamic.add(c, e)
		if c.item == "" {
			m.bySegment[e.segment] = append(m.bySegment[e.segment], at)
		}
	}
}

// partName names an effect after the most telling of its conditions.
func partName(row veiviser.ResponseEffect) string {
	switch {
	case row.Segment != "":
		return "segment:" + row.Segment
	case row.ItemID != "":
		return "item"
	case row.Topic != "":
		return "topic:" + row.Topic
	case row.Channel != "":
		return "channel:" + row.Channel
	case row.Format != "":
		return "format:" + row.Format
	case row.Kind != "":
		return "kind:" + string(row.Kind)
	case row.Stage != "":
		return "stage:" + string(row.Stage)
	}
	return "general"
}

// add files e under c and says where it is.
func (rs *ruleset) add(c condition, e effect) ref {
	if rs.known == nil {
		rs.known = make(map[condition]int32)
		rs.byItem, rs.byTopic = make(map[string][]int32), make(map[string][]int32)
	}
	i, ok := rs.known[c]
	if !ok {
		i = int32(len(rs.rules))
		rs.known[c] = i
		rs.rules = append(rs.rules, rule{condition: c})
		rs.file(i, c)
	}
	rs.rules[i].effects = append(rs.rules[i].effects, e)
	return ref{i, int32(len(rs.rules[i].effects) - 1)}
}

// file enters a new rule into the index and gives it a bit while there are any.
func (rs *ruleset) file(i int32, c condition) {
	switch {
	case c.item != "":
		rs.byItem[c.item] = append(rs.byItem[c.item], i)
	case c.topic != "":
		key := strings.TrimSuffix(c.topic, "/*")
		rs.byTopic[key] = append(rs.byTopic[key], i)
	default:
		rs.plain = append(rs.plain, i)
	}
	rs.bit = append(rs.bit, -1)
	if c.item == "" && len(rs.fast) < fastRules {
		rs.bit[i] = len(rs.fast)
		rs.fast = append(rs.fast, i)
	}
}

// matching appends the rules that it meets to dst, in ascending order, each once.
func (rs *ruleset) matching(dst []int32, it *veiviser.Item) []int32 {
	if len(rs.rules) == 0 {
		return dst
	}
	dst = rs.keep(dst, rs.byItem[it.ID], it)
	dst = rs.keep(dst, rs.plain, it)
	if len(rs.byTopic) > 0 {
		for _, topic := range it.Topics {
			for i := range topic {
				if topic[i] == '/' {
					dst = rs.keep(dst, rs.byTopic[topic[:i]], it)
				}
			}
			dst = rs.keep(dst, rs.byTopic[topic], it)
			dst = rs.keep(dst, rs.byTopic["*"], it)
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// keep appends those of found that it really meets.
func (rs *ruleset) keep(dst, found []int32, it *veiviser.Item) []int32 {
	for _, i := range found {
		if rs.rules[i].holds(it) {
			dst = append(dst, i)
		}
	}
	return dst
}

// mask is the bits of the fast rules that it meets, and slow when there are others to be looked at per request.
func (rs *ruleset) mask(it *veiviser.Item) uint64 {
	var mask uint64
	var buf [16]int32
	for _, i := range rs.matching(buf[:0], it) {
		if b := rs.bit[i]; b >= 0 {
			mask |= 1 << b
		} else {
			mask |= slow
		}
	}
	return mask
}

// holds reports whether it meets the condition.
func (c *condition) holds(it *veiviser.Item) bool {
	if c.item != "" && c.item != it.ID || c.kind != "" && c.kind != it.Kind {
		return false
	}
	return c.topic == "" ||
		slices.ContainsFunc(it.Topics, func(t string) bool { return veiviser.SubjectMatches(c.topic, t) })
}
