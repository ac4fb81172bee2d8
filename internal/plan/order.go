package plan

import (
	"math"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// order is the items by what they may be worth, for cutting short lists. It never changes once it is made.
type order struct {
	// slots are those of a standard stage, the most promising first: key<<32 | slot.
	slots [veiviser.NumStandardStages][]uint64
	// hopes are the scores behind slots, by slot.
	hopes [][veiviser.NumStandardStages]float32
}

// orderOf sorts items by what the plan says of them.
func orderOf(entries []*entry) *order {
	o := &order{hopes: make([][veiviser.NumStandardStages]float32, len(entries))}
	for stage := range o.slots {
		keys := make([]uint64, len(entries))
		for slot, e := range entries {
			keys[slot] = o.note(stage, int32(slot), e.response.Optimistic(stage))
		}
		slices.Sort(keys)
		o.slots[stage] = keys
	}
	return o
}

// note keeps what an item may be worth in a stage, and makes the key by which it is ordered there: the more, the less.
func (o *order) note(stage int, slot int32, hope float32) uint64 {
	if hope != hope {
		hope = float32(math.Inf(-1))
	}
	o.hopes[slot][stage] = hope
	return sortKey(hope)<<32 | uint64(slot)
}

// sortKey maps greater floats to smaller integers.
func sortKey(f float32) uint64 {
	b := math.Float32bits(f)
	if b&(1<<31) != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return uint64(^b)
}

// merged is the order of a catalogue into which m merged what was written: that is put where the plan says it belongs. The
// slots that stay keep their order among each other, so the old order stays sorted.
func (o *order) merged(m *merger) *order {
	next := &order{hopes: make([][veiviser.NumStandardStages]float32, len(m.entries))}
	for slot, to := range m.moved {
		if to >= 0 {
			next.hopes[to] = o.hopes[slot]
		}
	}
	for stage := range next.slots {
		next.slots[stage] = next.merge(o.slots[stage], stage, m)
	}
	return next
}

// merge merges what was written into the slots of a stage.
func (o *order) merge(old []uint64, stage int, m *merger) []uint64 {
	fresh := make([]uint64, len(m.fresh))
	for i, slot := range m.fresh {
		fresh[i] = o.note(stage, slot, m.entries[slot].response.Optimistic(stage))
	}
	slices.Sort(fresh)
	out := make([]uint64, 0, len(m.entries))
	for _, key := range old {
		to := m.moved[uint32(key)]
		if to < 0 {
			continue
		}
		key = key>>32<<32 | uint64(to)
		for len(fresh) > 0 && fresh[0] < key {
			out = append(out, fresh[0])
			fresh = fresh[1:]
		}
		out = append(out, key)
	}
	return append(out, fresh...)
}
